// Docker's credential helpers as real programs: good ones, and those that misbehave.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../../src/base/log.ts'
import { askHelper, MAX_HELPER_ANSWER_BYTES } from '../../src/registry/credential-helper.ts'
import { createFastClock } from '../support/fast-clock.ts'

let folder: string
let logged: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'credential-helper-'))
  logged = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function ask(script: string, helper = 'test') {
  const file = path.join(folder, 'docker-credential-test')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  const log = createLog({ level: 'trace', write: (line) => void logged.push(line) })
  const environment = { PATH: `${folder}:${process.env.PATH}`, HELPER_FOLDER: folder }
  return askHelper(helper, 'r.example:5000', { environment, clock: createFastClock(), log })
}

describe.skipIf(process.platform === 'win32')('a credential helper', () => {
  it('is asked for one server and gives its login, which no log has', async () => {
    const script = `echo "$1 $(cat)" > "$HELPER_FOLDER/asked"; echo '{"ServerURL":"r.example:5000","Username":"ann","Secret":"hidden"}'`
    expect(await ask(script)).toEqual({ username: 'ann', password: 'hidden' })
    expect(readFileSync(path.join(folder, 'asked'), 'utf8')).toBe('get r.example:5000\n')
    expect(logged.join()).not.toContain('hidden')
  })

  it('may give a token that buys others', async () => {
    expect(await ask(`echo '{"Username":"<token>","Secret":"R"}'`)).toEqual({ refreshToken: 'R' })
  })

  it.each([
    ['knows no login', 'echo credentials not found in native keychain; exit 1'],
    ['says nothing', 'exit 0'],
    ['says something else', 'echo hello'],
    ['says a list', 'echo [1]'],
    ['says half of it', `echo '{"Username":"ann"}'`],
    ['talks too much', `head -c ${2 * MAX_HELPER_ANSWER_BYTES} /dev/zero | tr '\\0' ' '; echo '{"Username":"ann","Secret":"x"}'`],
    ['never ends', 'exec sleep 600'],
  ])('that %s has none', async (_, script) => {
    expect(await ask(script)).toBeUndefined()
  })

  it.each(['absent', '../x', 'a b', ''])('named %j is none', async (helper) => {
    expect(await ask('exit 0', helper)).toBeUndefined()
    expect(logged.join()).toContain("Docker's credential helper")
  })
})
