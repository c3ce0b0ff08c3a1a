/** Owns `POST /session`: a browser states the token once and gets a cookie that is not the token. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Auth } from './auth.ts'
import { SESSION_PATH } from './door.ts'
import { loginPage, sendPage } from './page.ts'

const FORM = 'application/x-www-form-urlencoded'
const login = z.object({ token: z.string().min(1) })

export function addSessionRoute(app: FastifyInstance, auth: Auth | null): void {
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  app.post(SESSION_PATH, (request, reply) => {
    if (auth === null) return reply.code(404).send({ error: 'no token is set, so there is no session to open' })
    const { data } = login.safeParse(request.body)
    const cookie = data === undefined ? null : auth.open(data.token)
    return cookie === null ? refuse(request, reply) : welcome(request, reply, cookie)
  })
}

function welcome(request: FastifyRequest, reply: FastifyReply, cookie: string): FastifyReply {
  reply.header('set-cookie', cookie)
  return isForm(request) ? reply.redirect('/', 303) : reply.code(204).send()
}

const refuse = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  isForm(request) ? sendPage(reply, 401, loginPage(true)) : reply.code(401).send({ error: 'that is not the token' })

const isForm = (request: FastifyRequest): boolean => request.headers['content-type']?.startsWith(FORM) ?? false
