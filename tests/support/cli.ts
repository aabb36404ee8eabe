// The shipped program on the command line, with pipes for its streams.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { program } from './paths.ts'
import { cleanEnvironment, type TestServer } from './server.ts'

export interface Outcome {
  status: number | null
  out: string
  err: string
}

/** Against that server, with `folder` as its home and the place where it is started. */
export async function runCli({ url }: TestServer, folder: string, words: readonly string[]): Promise<Outcome> {
  const environment = { ...cleanEnvironment(), HOME: folder, LLAMERO_HOME: folder, OLLAMA_HOST: new URL(url).host }
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, out, err }
}
