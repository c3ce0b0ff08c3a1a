/** Owns the questions that no client of ours asks, so that the sandbox's answers to them are held to the contract too. */
import type { SandboxVenue } from '../../src/sandbox/sandbox.ts'
import {
  connect,
  deriveCall,
  deriveKeys,
  dexpalGet,
  type Line,
  qfexAuth,
  qfexGet,
  revolutXGet,
  subscribedDerive,
  type World,
} from '../sandbox/harness.ts'

const QFEX_CHANNELS = ['order_responses', 'fills', 'stop_orders']
const DERIVE_LISTS = [
  'open_orders',
  'trigger_orders',
  'algo_orders',
  'order',
  'order_history',
  'trade_history',
  'subaccounts',
]
const NOBODY = '00000000-0000-4000-8000-000000000000'

/** `trade` lets the market move for a while. */
export async function askByHand(world: World, trade: () => Promise<void>): Promise<void> {
  await refuseQfex(world)
  const [qfex, derive] = [await listenToQfex(world), await subscribedDerive(world)]
  await trade()
  await qfex.say({ type: 'unsubscribe', params: { channels: QFEX_CHANNELS } })
  await derive.say({ id: 98, method: 'unsubscribe', params: { channels: [] } })
  await derive.say({ id: 99, method: 'private/get_nothing', params: {} })
  for (const line of [qfex, derive]) line.terminate()
  await askRevolutX(world)
  await askDerive(world)
  await askDexpal(world)
}

async function refuseQfex(world: World): Promise<void> {
  for (const path of ['/user/historic-orders', '/user/historic-twaps', '/user/trade']) {
    await qfexGet(world, `${path}?limit=0`)
    await qfexGet(world, path, { 'x-qfex-hmac-signature': '00' })
  }
  await failing(world, 'qfex', 500, () => qfexGet(world, '/refdata'))
}

async function listenToQfex(world: World): Promise<Line> {
  const line = await connect(world)
  await line.say(qfexAuth(world))
  await line.say({ type: 'subscribe', params: { channels: QFEX_CHANNELS } })
  await line.say({ type: 'get_user_trades', params: { limit: 20 } })
  await line.say('not json')
  await line.say({ type: 'get_order', params: {} })
  return line
}

async function askRevolutX(world: World): Promise<void> {
  const [base, statuses] = ['/api/1.0/orders', [400, 403, 429, 500]]
  for (const path of [base, `${base}/active`, `${base}/historical`, `${base}/${NOBODY}`, `${base}/fills/${NOBODY}`]) {
    for (const status of statuses) await failing(world, 'revolut-x', status, () => revolutXGet(world, path))
    await revolutXGet(world, path, 'limit=0')
    await revolutXGet(world, path, '', { signedQuery: 'another=query' })
    await revolutXGet(world, path, '', { timestamp: world.clock.wall() + 3_600_000 })
  }
  for (const { id } of world.sandbox.truth('revx')) await revolutXGet(world, `${base}/${id}`)
}

async function askDerive(world: World): Promise<void> {
  const { wallet } = deriveKeys(world)
  const methods = DERIVE_LISTS.map((name) => `private/get_${name}`)
  for (const method of [...methods, 'public/get_time']) {
    await deriveCall(world, method, { wallet })
    await failing(world, 'derive', 500, () => deriveCall(world, method))
  }
  await failing(world, 'derive', 500, () => deriveCall(world, 'private/get_orders', {}, { account: 'derive-v2' }))
}

async function askDexpal(world: World): Promise<void> {
  for (const page of ['orders', 'history']) {
    await dexpalGet(world, page, { addr: '' })
    await dexpalGet(world, page, {}, { authorization: 'Bearer wrong' })
    await failing(world, 'dexpal', 500, () => dexpalGet(world, page))
  }
}

/** Asks while the venue fails with this status. */
async function failing(world: World, venue: SandboxVenue, status: number, ask: () => Promise<unknown>): Promise<void> {
  world.sandbox.faults.add({ venue, kind: 'http_status', status })
  await ask()
}
