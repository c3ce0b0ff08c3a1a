/** Owns the reading of the socket: one text in, everything it means for every account on it out. It never throws. */
import type { OrderRef } from '../../core/order.ts'
import { VenueError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { sampleOf } from '../scrub.ts'
import type { Inbound } from '../venue.ts'
import { fillOf, orderOf } from './map.ts'
import { failureOf } from './rest.ts'
import {
  type Decoded,
  decode,
  type Envelope,
  envelopeSchema,
  legibleOrderId,
  notificationSchema,
  readOrder,
  readTrade,
  subscribedSchema,
} from './wire.ts'

/** An account that is carried by the socket. */
export interface Member {
  account: string
  subaccountId: number
}

/** The name under which every answer is handed on; its id tells which request it is of. */
export const ANSWER = 'answer'

export const CHANNELS = ['orders', 'trades'] as const
export const channelOf = ({ subaccountId }: Member, kind: (typeof CHANNELS)[number]): string =>
  `${subaccountId}.${kind}`

/** Beside `ok`, clients have met the second where a channel was asked for twice, and it carries all the same. */
export const isCarried = (status: unknown): boolean =>
  typeof status === 'string' && (status === 'ok' || /already subscribed/i.test(status))

export interface FrameDeps {
  /** Grows while the accounts are opened. */
  members: readonly Member[]
  scrubSecrets: (text: string) => string
}

export function createFrameReader(deps: FrameDeps): (text: string) => Inbound[] {
  return (text) => {
    const message = messageOf(text)
    if (message === null) return deps.members.flatMap((member) => unreadable(deps, member, 'message', 'not JSON', text))
    const notification = notificationSchema.safeParse(message)
    if (notification.success) return readNotification(notification.data.params, deps)
    const envelope = envelopeSchema.safeParse(message)
    return envelope.success ? readAnswer(envelope.data, deps) : [{ is: 'noise' }]
  }
}

function messageOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return null
  }
}

function readAnswer({ id, result, error }: Envelope, deps: FrameDeps): Inbound[] {
  const answered = id == null ? null : String(id)
  if (error != null) return [{ is: 'error', id: answered, error: failureOf(error, 'socket', deps.scrubSecrets) }]
  if (answered === null || result === undefined) return [{ is: 'noise' }]
  return [{ is: 'reply', name: ANSWER, id: answered, body: result }, ...readStatuses(result, deps)]
}

/** A subscription succeeds as a whole while one of its channels does not: the account of that one has to show it. */
function readStatuses(result: unknown, deps: FrameDeps): Inbound[] {
  const subscribed = subscribedSchema.safeParse(result)
  if (!subscribed.success) return []
  const { status } = subscribed.data
  return deps.members.flatMap((member) =>
    CHANNELS.flatMap((kind): Inbound[] => {
      const channel = channelOf(member, kind)
      if (!(channel in status) || isCarried(status[channel])) return []
      const item = { where: channel, problem: 'not subscribed', sample: sample(deps, status[channel]) }
      return [{ is: 'quarantine', account: member.account, item }]
    }),
  )
}

function readNotification({ channel, data }: { channel: string; data: unknown }, deps: FrameDeps): Inbound[] {
  const rows = Array.isArray(data) ? data : [data]
  return deps.members.flatMap((member) => {
    if (channel === channelOf(member, 'orders')) return rows.flatMap((row) => readOrderFrame(row, member, deps))
    if (channel === channelOf(member, 'trades')) return rows.flatMap((row) => readTradeFrame(row, member, deps))
    return []
  })
}

function readOrderFrame(raw: unknown, member: Member, deps: FrameDeps): Inbound[] {
  const row = ofMember(readOrder(raw), member)
  if (!row.ok) return unreadable(deps, member, channelOf(member, 'orders'), row.problem, raw)
  const sighting = orderOf(row.value)
  if (sighting.claim.is !== 'unrecognised') return [{ is: 'order', account: member.account, sighting, tradeId: null }]
  const { kind, venueOrderId } = sighting
  return [doubt(member, 'a status word we do not know', { kind, venueOrderId })]
}

function readTradeFrame(raw: unknown, member: Member, deps: FrameDeps): Inbound[] {
  const row = ofMember(readTrade(raw), member)
  if (!row.ok) return unreadable(deps, member, channelOf(member, 'trades'), row.problem, raw)
  return [{ is: 'fill', account: member.account, fill: fillOf(row.value) }]
}

function ofMember<T extends { subaccount_id: string }>(row: Decoded<T>, { subaccountId }: Member): Decoded<T> {
  if (!row.ok || row.value.subaccount_id === String(subaccountId)) return row
  return { ok: false, problem: 'subaccount_id: of another subaccount' }
}

/** Kept for a look, and looked at again: what we could not read may have been the end of an order. */
function unreadable(deps: FrameDeps, member: Member, where: string, problem: string, raw: unknown): Inbound[] {
  const id = legibleOrderId(raw)
  const ref: OrderRef | null = id === null ? null : { kind: 'order', venueOrderId: id }
  const item = { where, problem, sample: sample(deps, raw) }
  return [{ is: 'quarantine', account: member.account, item }, doubt(member, `${where} could not be read`, ref)]
}

const doubt = ({ account }: Member, why: string, ref: OrderRef | null): Inbound => ({ is: 'doubt', account, why, ref })

const sample = (deps: FrameDeps, raw: unknown): string => deps.scrubSecrets(sampleOf(raw))

/** The result of a subscription as it concerns one account: whether every channel of it carries. */
export function isSubscribed(result: unknown, member: Member): boolean {
  const subscribed = decode(subscribedSchema, result)
  if (!subscribed.ok) throw new VenueError('broken', `subscribe: ${subscribed.problem}`)
  return CHANNELS.every((kind) => isCarried(subscribed.value.status[channelOf(member, kind)]))
}
