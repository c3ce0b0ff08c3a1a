import { describe, expect, it } from 'vitest'
import { createLog, type LogOptions } from '../../src/log.ts'
import { ED25519_PEM } from './world.ts'

const AT = Date.parse('2026-11-21T12:00:01.123Z')

function capture(format: LogOptions['format']) {
  const lines: string[] = []
  const log = createLog({ write: (line) => lines.push(line), level: 'info', format, wall: () => AT })
  return { ...log, lines }
}

describe('the log', () => {
  it('writes one JSON object a line with the time in UTC', () => {
    const { logger, lines } = capture('json')
    logger.info({ account: 'a', opened: 3 }, 'account synced')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'info', time: '2026-11-21T12:00:01.123Z', account: 'a', opened: 3, msg: 'account synced' },
    ])
  })

  it('is short text for people, coloured only in a terminal', () => {
    const text = capture('text')
    text.logger.warn({ account: 'a b', err: new Error('no route') }, 'poll failed')
    expect(text.lines).toEqual(['12:00:01.123 warn  poll failed  account="a b" error="no route"\n'])
    const colour = capture('colour')
    colour.logger.warn('poll failed')
    expect(colour.lines.join('')).toContain('\u001b[33mwarn ')
  })

  it.each(['json', 'text', 'colour'] as const)(
    'takes secrets out of fields, messages, causes and stacks as %s',
    (format) => {
      const { logger, lines, hide } = capture(format)
      const canary = 'canary-9d2f"77'
      hide([canary, ED25519_PEM])
      const cause = new Error(`GET /?key=${encodeURIComponent(canary)}`)
      logger.error({ deep: { list: [{ value: canary }] }, pem: ED25519_PEM }, `sent ${canary}`)
      logger.error({ err: new Error(`failed with ${canary}`, { cause }) }, 'request failed')
      logger.child({ canary }).error({ body: ED25519_PEM.split('\n')[1] }, 'child')
      const written = lines.join('')
      expect(written).not.toContain('9d2f')
      expect(written).not.toContain(ED25519_PEM.split('\n')[1])
      expect(written).toContain('[redacted]')
      expect(lines).toHaveLength(3)
    },
  )

  it('keeps hiding the old secrets after a reload brought new ones', () => {
    const { logger, lines, hide } = capture('json')
    hide(['old-secret-1'])
    hide(['new-secret-2'])
    logger.info('old-secret-1 new-secret-2')
    expect(lines.join('')).not.toMatch(/secret-[12]/)
  })
})
