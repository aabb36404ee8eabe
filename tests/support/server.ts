// A real server of ours: the built program in a process of its own, with a home and a store of its own, on a port that was free.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { program } from './paths.ts'

export interface TestServer {
  url: string
  home: string
  models: string
  process: ChildProcess
  /** Everything that it has logged so far. */
  log(): string
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** Deletes home and store; the server must have ended. */
  clean(): void
}

export interface TestServerOptions {
  env?: Record<string, string>
  /** The address to listen on; the server is asked at 127.0.0.1 all the same. */
  host?: string
  /** Reuse the home of an earlier server. */
  home?: string
}

/** Other processes may have the cores. */
const START_LIMIT_MS = 60_000

export async function startServer({
  env = {},
  host = '127.0.0.1',
  home = mkdtempSync(path.join(os.tmpdir(), 'llamero-test-')),
}: TestServerOptions = {}): Promise<TestServer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const models = path.join(home, 'models')
  const child = spawn(process.execPath, [program, 'serve'], {
    env: {
      ...cleanEnvironment(),
      HOME: home,
      LLAMERO_HOME: path.join(home, '.llamero'),
      OLLAMA_MODELS: models,
      OLLAMA_HOST: `${host}:${port}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (data: string) => (text += data))
  const ended = once(child, 'exit')
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
  }
  await untilAnswers(url, child, () => text)
  return {
    url,
    home,
    models,
    process: child,
    log: () => text,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    clean: () => rmSync(home, { recursive: true, force: true }),
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port was given')
  return address.port
}

/** The test runner's own settings of Ollama must not reach the program under test. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OLLAMA_') && !name.startsWith('LLAMERO_')))
}

async function untilAnswers(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS
  while (performance.now() < deadline) {
    const end = child.exitCode ?? child.signalCode
    if (end !== null) throw new Error(`the server ended with ${end}:\n${log()}`)
    const answer = await fetch(url, { signal: AbortSignal.timeout(START_LIMIT_MS) }).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  child.kill('SIGKILL')
  throw new Error(`the server did not answer within ${START_LIMIT_MS} ms:\n${log()}`)
}
