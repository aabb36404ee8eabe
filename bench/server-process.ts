// The process behind an address: one that somebody else started and that we only look at, or one that we start, start again, and stop. A command
// has to become the server itself (`exec`), since what is measured and stopped is the process that was started.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'

/** A server that has not ended by then is killed. */
const STOP_MS = 20_000
const READY_MS = 60_000
const ASK_EVERY_MS = 5
/** llama.cpp's server has nothing at its root. */
const LLAMA_SERVER_READY = '/health'

export interface ServerProcess {
  readonly id: number
  /** Only of a server that we started: ends it as its operator would, starts it again, and says how long that took until it answered. */
  restart?(): Promise<number>
}

export interface OwnServer extends Required<ServerProcess> {
  stop(): Promise<void>
  /** Asks it to end and does not wait. */
  kill(): void
}

export async function startServer(command: string, url: string): Promise<OwnServer> {
  let server: ChildProcess
  const start = async () => {
    const before = performance.now()
    server = spawn('sh', ['-c', `exec ${command}`], { env: { ...process.env, OLLAMA_HOST: new URL(url).host }, stdio: 'ignore' })
    await untilReady(url, server)
    return performance.now() - before
  }
  if (await isReady(url)) throw new Error(`a server answers at ${url} already: stop it, or leave out --start`)
  await start()
  return {
    get id() {
      return server.pid ?? 0
    },
    async restart() {
      await stop(server)
      return start()
    },
    stop: () => stop(server),
    kill: () => void server.kill(),
  }
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (!(await isReady(url))) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode} before it answered`)
    if (performance.now() > deadline) throw new Error(`no answer at ${url} after ${READY_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
}

async function isReady(url: string): Promise<boolean> {
  return (await answers(url)) || answers(`${url}${LLAMA_SERVER_READY}`)
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}
