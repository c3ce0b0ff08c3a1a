import { expect, test } from 'vitest'
import { createLane } from '../../src/sync/lane.ts'
import { settle } from '../support/fake-clock.ts'

function aJob() {
  const begun: { finish: () => void; fail: (error: Error) => void }[] = []
  const work = () => new Promise<void>((finish, fail) => begun.push({ finish, fail }))
  return { begun, work }
}

test('whoever asks while a run is under way gets the next one, and all of them the same', async () => {
  const lane = createLane()
  const { begun, work } = aJob()
  const first = lane.run(work)
  const [second, third] = [lane.run(work), lane.run(work)]
  expect(begun).toHaveLength(1)
  expect(second).toBe(third)
  begun[0]?.finish()
  await first
  await settle()
  expect(begun).toHaveLength(2)
  begun[1]?.finish()
  await Promise.all([second, third])
  expect(begun).toHaveLength(2)
})
test('one who asks during the next run gets one after it', async () => {
  const lane = createLane()
  const { begun, work } = aJob()
  void lane.run(work)
  void lane.run(work)
  begun[0]?.finish()
  await settle()
  void lane.run(work)
  begun[1]?.finish()
  await settle()
  expect(begun).toHaveLength(3)
  begun[2]?.finish()
  await lane.idle()
})
test('a run that fails is told to whoever waits for it, and does not stop the lane', async () => {
  const lane = createLane()
  const { begun, work } = aJob()
  const failing = lane.run(work)
  const after = lane.run(work)
  begun[0]?.fail(new Error('a test'))
  await expect(failing).rejects.toThrow('a test')
  await settle()
  begun[1]?.finish()
  await after
})
test('idle waits for the run under way and for the one behind it', async () => {
  const lane = createLane()
  const { begun, work } = aJob()
  void lane.run(work)
  void lane.run(work)
  let idle = false
  const waiting = lane.idle().then(() => {
    idle = true
  })
  begun[0]?.finish()
  await settle()
  expect(idle).toBe(false)
  begun[1]?.finish()
  await waiting
  expect(idle).toBe(true)
})
