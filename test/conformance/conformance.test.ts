import { beforeAll, describe, expect, test } from 'vitest'
import { createChecker, readContract } from './contract.ts'
import { KNOWN, type Silence } from './deviations.ts'
import { type Finding, strangers, type Verdict } from './judge.ts'
import { runScenario } from './scenario.ts'
import type { Traffic } from './traffic.ts'
import { CONTRACTS, type ContractName, verdictOf } from './venues.ts'

const SCENARIO_TIMEOUT_MS = 120_000

let traffic: Traffic
const verdicts = new Map<ContractName, Verdict>()

beforeAll(async () => {
  traffic = await runScenario()
  for (const name of CONTRACTS) verdicts.set(name, verdictOf(name, traffic))
}, SCENARIO_TIMEOUT_MS)

const textOf = ({ by, message, at, is }: Finding) => `${by}: ${message} ${at} ${is}`
const namesOf = (silences: readonly Silence[]) => silences.flatMap(({ names }) => [...names]).sort()

// Both ways: a deviation that nobody has listed fails, and so does one that is listed and does not happen any more.
describe.each(CONTRACTS)('%s', (name) => {
  test.each(['client', 'sandbox'] as const)('the %s keeps to the contract but for what is listed', (speaker) => {
    const found = verdicts.get(name)?.findings.filter(({ by }) => by === speaker)
    const listed = KNOWN[name].deviations.filter(({ by }) => by === speaker)
    expect(found?.map(textOf).sort()).toEqual(listed.map(textOf).sort())
  })

  test('every documented field comes from the sandbox at some time but those listed', () => {
    expect(verdicts.get(name)?.unsaid.sort()).toEqual(namesOf(KNOWN[name].unsaid))
  })

  test('every message of the contract was held against it but those listed', () => {
    expect(verdicts.get(name)?.unheard.sort()).toEqual(namesOf(KNOWN[name].unheard))
  })
})

test('no client asks for what no contract has', () => {
  expect(strangers(traffic, CONTRACTS.map(readContract))).toEqual([])
})

describe('a contract finds', () => {
  const contract = readContract('revolut-x')
  const check = createChecker(contract)
  const schema = contract.components.schemas.OrderTrigger ?? {}
  const trigger = {
    trigger_price: '1.5',
    type: 'limit',
    trigger_direction: 'ge',
    time_in_force: 'gtc',
    execution_instructions: ['allow_taker'],
  }

  test('nothing in what is documented', () => {
    expect(check(schema, trigger)).toEqual([])
  })

  test.each([
    ['a field that is gone', { ...trigger, type: undefined }, '/type', 'missing'],
    ['a field nobody documents', { ...trigger, price: '1' }, '/price', 'undocumented'],
    ['a number where text is', { ...trigger, trigger_price: 1.5 }, '/trigger_price', 'type'],
    ['text that is no decimal', { ...trigger, trigger_price: '1e3' }, '/trigger_price', 'format'],
    ['another word', { ...trigger, type: 'stop' }, '/type', 'no such word: stop'],
    [
      'another word in a list',
      { ...trigger, execution_instructions: ['hidden'] },
      '/execution_instructions/*',
      'no such word: hidden',
    ],
  ])('%s', (_, message, at, is) => {
    expect(check(schema, JSON.parse(JSON.stringify(message)))).toEqual([{ at, is }])
  })
})
