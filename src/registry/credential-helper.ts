// A credential helper of Docker: a program `docker-credential-<name>` that keeps logins in the keychain of the system. It is asked the way
// Docker asks it (the host on standard input, JSON on standard output) and has a few seconds and a few kilobytes for its answer.
// What it says is never logged.

import { spawn } from 'node:child_process'
import type { Clock } from '../base/clock.ts'
import { isRecord, tryParseJson } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import type { Credentials } from './credentials.ts'
import type { Environment } from './proxy.ts'

export interface HelperOptions {
  environment: Environment
  clock: Clock
  log: Log
}

/** A keychain may ask its user; longer than this nobody is there. */
export const HELPER_LIMIT_MS = 30_000
export const MAX_HELPER_ANSWER_BYTES = 64 * 1024
/** The name becomes a part of a program's name. */
const HELPER = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/
/** In place of a user's name: the secret is a token that buys others. */
const TOKEN_USER = '<token>'

/** `server` as Docker's config names it. Undefined where the helper knows nothing of it or cannot be asked; the log says why. */
export async function askHelper(helper: string, server: string, options: HelperOptions): Promise<Credentials | undefined> {
  const { log } = options
  if (!HELPER.test(helper)) {
    log.warn("the name of Docker's credential helper is none", { helper })
    return undefined
  }
  const answer = await run(`docker-credential-${helper}`, server, options)
  if (answer === undefined) return undefined
  const credentials = parseAnswer(answer)
  if (!credentials) log.warn("the answer of Docker's credential helper is not understood", { helper })
  return credentials
}

function run(program: string, input: string, { environment, clock, log }: HelperOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, ['get'], { env: { ...environment }, stdio: ['pipe', 'pipe', 'ignore'] })
    let output = ''
    const timer = clock.after(HELPER_LIMIT_MS, () => child.kill('SIGKILL'))
    const end = (answer: string | undefined) => {
      timer.cancel()
      resolve(answer)
    }
    child.once('error', (error) => {
      log.warn("Docker's credential helper cannot be started", { program, error })
      end(undefined)
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > MAX_HELPER_ANSWER_BYTES) child.kill('SIGKILL')
    })
    child.once('close', (code, signal) => {
      // With status 1 it says that it has no login for this server.
      if (code !== 0) log.debug("Docker's credential helper has no login", { program, code, signal })
      // It may have ended by itself before it could be killed for talking too much.
      end(code === 0 && output.length <= MAX_HELPER_ANSWER_BYTES ? output : undefined)
    })
    // It may end without reading.
    child.stdin.on('error', () => undefined).end(input)
  })
}

function parseAnswer(text: string): Credentials | undefined {
  const value = tryParseJson(text)
  if (!isRecord(value)) return undefined
  const { Username: username, Secret: secret } = value
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined
  return username === TOKEN_USER ? { refreshToken: secret } : { username, password: secret }
}
