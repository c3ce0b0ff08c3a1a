/** Owns the sandbox as a process of its own: started, waited for, watched, and ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { World } from './world.ts'

const readySchema = z.object({ config: z.string(), seed: z.string(), control: z.string() })
export type SandboxReady = z.output<typeof readySchema>

export interface SandboxProcess extends AsyncDisposable {
  readonly ready: SandboxReady
  readonly pid: number
  /** Rejects when the sandbox ends without having been asked to. */
  readonly died: Promise<never>
}

/** Rejects with what the sandbox said where it does not come up. */
export async function startSandboxProcess(world: World, args: readonly string[]): Promise<SandboxProcess> {
  const [interpreter, ...self] = world.self
  const child = spawn(interpreter, [...self, 'sandbox', ...args, '--story', '--json', '--leash'], {
    // Its own process group: an interrupt at the terminal is for us, and the daemon must drain while its venues still answer.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let ended = false
  let lastWord = ''
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastWord = line
  })
  const lines = createInterface({ input: child.stdout })
  // Writing to a child that is gone must not be the end of us.
  child.stdin.on('error', () => {})
  const died = new Promise<never>((_, reject) => {
    child.on('error', (error) => reject(new Error(`the sandbox could not be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (!ended)
        reject(new Error(`the sandbox ended by itself (${signal ?? `code ${code}`}): ${lastWord || 'without a word'}`))
    })
  })
  // Not every caller waits for it all the time.
  died.catch(() => {})
  const [line] = await Promise.race([once(lines, 'line'), died])
  return {
    ready: readySchema.parse(JSON.parse(String(line))),
    pid: child.pid ?? 0,
    died,
    async [Symbol.asyncDispose]() {
      ended = true
      await end(child, world)
    },
  }
}

/** A sandbox holds nothing that a kill could break: its truth is written whole. */
const PATIENCE_MS = 2_000

async function end(child: ChildProcess, world: World): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  using _timer = world.clock.after(PATIENCE_MS, () => child.kill('SIGKILL'))
  await closed
}
