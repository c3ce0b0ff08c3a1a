/** Owns how the benchmarks measure: medians of interleaved runs, as ratios, because the machine is never alone. */

export interface Contender {
  name: string
  /** One run over the whole load. Whatever must be fresh for it is made by `prepare`, outside the time. */
  run(): unknown
  prepare?(): void
}

export interface Race {
  name: string
  /** What one run handles, and how many of them. */
  unit: string
  count: number
  ours: Contender
  /** The least that anybody could do. */
  floor: Contender
  /** What one would write first. */
  peer: Contender
}

export interface Result {
  name: string
  unit: string
  count: number
  oursMs: number
  floorMs: number
  peerMs: number
  /** How many times the floor ours takes, and how many times ours the peer takes. */
  overFloor: number
  underPeer: number
  floor: string
  peer: string
}

const WARM_UPS = 2
const RUNS = 9

/** Takes turns run by run, so that a busy moment of the machine is shared by all three. */
export function race({ name, unit, count, ours, floor, peer }: Race): Result {
  const contenders = [ours, floor, peer]
  const times = contenders.map((): number[] => [])
  for (let round = 0; round < WARM_UPS + RUNS; round++) {
    for (const [at, contender] of contenders.entries()) {
      const time = timeOf(contender)
      if (round >= WARM_UPS) times[at]?.push(time)
    }
  }
  const [oursMs = 0, floorMs = 0, peerMs = 0] = times.map(median)
  const names = { floor: floor.name, peer: peer.name }
  return {
    name,
    unit,
    count,
    oursMs,
    floorMs,
    peerMs,
    overFloor: oursMs / floorMs,
    underPeer: peerMs / oursMs,
    ...names,
  }
}

let kept: unknown

function timeOf(contender: Contender): number {
  contender.prepare?.()
  const began = performance.now()
  // Kept, so that nothing is optimised away.
  kept = contender.run()
  return performance.now() - began
}

/** What the newest run returned. */
export const lastResult = (): unknown => kept

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

const COLUMNS = ['', 'ours ms', 'a second', 'floor ms', '× floor', 'peer ms', 'peer ÷ ours'] as const

/** A table for a person. */
export function formatResults(results: readonly Result[]): string {
  const rows = results.map(({ name, unit, count, oursMs, floorMs, peerMs, overFloor, underPeer }) => [
    name,
    oursMs.toFixed(2),
    `${Math.round((count / oursMs) * 1_000).toLocaleString('en')} ${unit}`,
    floorMs.toFixed(2),
    overFloor.toFixed(1),
    peerMs.toFixed(2),
    underPeer.toFixed(1),
  ])
  const table = [[...COLUMNS], ...rows]
  const widths = COLUMNS.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)))
  const lines = table.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  )
  const legend = results.map(({ name, floor, peer }) => `${name}: floor ${floor}; peer ${peer}`)
  const note = `Medians of ${RUNS} interleaved runs on a machine that does other things too: compare ratios, not times.`
  return [...lines, '', ...legend, '', note].join('\n')
}
