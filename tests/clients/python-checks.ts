// Checks written in Python: a script's functions `it_...` are tests of vitest, under the same names, and so are the classes of a script for pytest.
// Every one of them must report.
//
// The clients live in .cache/ in an environment of their own, made once for each state of requirements.txt: a virtual environment, or where Python
// comes without one (Debian leaves it to a package of its own), a plain folder that pip installs into. The list is whole, so nothing is resolved;
// what is imported is compiled then, beside them, since most of it never is.

import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../support/paths.ts'
import { cleanEnvironment } from '../support/server.ts'

const SCRIPTS = path.join(root, 'tests', 'clients', 'python')
const REQUIREMENTS = path.join(SCRIPTS, 'requirements.txt')
const SCRIPT_LIMIT_MS = 280_000
const INSTALL_LIMIT_MS = 280_000
/** A failing test may tell long stories. */
const STDOUT_LIMIT_BYTES = 16 << 20

type Environment = () => Record<string, string>

/** Runs the script once; `environment` is asked for when the server is there. */
export function describePython(script: string, environment: Environment): void {
  describeScript({ script, runner: 'run_checks.py', tests: /^(?:async )?def (it_\w+)/gm, environment })
}

/** The same for classes of tests, which pytest runs. */
export function describeStandard(script: string, environment: Environment): void {
  describeScript({ script, runner: 'run_standard.py', tests: /^class (Test\w+)/gm, environment })
}

interface Script {
  script: string
  runner: string
  tests: RegExp
  environment: Environment
}

function describeScript({ script, runner, tests, environment }: Script): void {
  describe(`${script}.py`, () => {
    const names = [...readFileSync(path.join(SCRIPTS, `${script}.py`), 'utf8').matchAll(tests)].map(([, name]) => name)
    let outcomes: Map<string, string>
    beforeAll(async () => {
      outcomes = await runScript(script, runner, environment())
    }, INSTALL_LIMIT_MS + SCRIPT_LIMIT_MS)
    it.each(names.map((name) => [name?.replaceAll('_', ' '), name]))('%s', (_, name = '') => {
      expect(outcomes.get(name) ?? 'it did not run').toBe('ok')
    })
  })
}

async function runScript(script: string, runner: string, environment: Record<string, string>): Promise<Map<string, string>> {
  const { command, variables } = findPython()
  const { stdout } = await promisify(execFile)(command, [path.join(SCRIPTS, runner), script], {
    timeout: SCRIPT_LIMIT_MS,
    maxBuffer: STDOUT_LIMIT_BYTES,
    env: { ...cleanEnvironment(), NO_PROXY: '*', ...variables, ...environment },
  })
  const records = stdout.split('\n').filter((line) => line.startsWith('{'))
  return new Map(records.map((line) => JSON.parse(line) as { name: string; outcome: string }).map(({ name, outcome }) => [name, outcome]))
}

interface Python {
  command: string
  variables: Record<string, string>
}

function findPython(): Python {
  const state = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const home = path.join(root, '.cache', 'python-clients', state)
  if (!existsSync(home)) install(home)
  const command = path.join(home, 'bin', 'python')
  const compiled = { PYTHONPYCACHEPREFIX: path.join(home, 'compiled') }
  if (existsSync(command)) return { command, variables: compiled }
  return { command: 'python3', variables: { ...compiled, PYTHONPATH: home, PYTHONNOUSERSITE: '1' } }
}

/** Elsewhere first, so that a folder with the right name is a whole one. */
function install(home: string): void {
  mkdirSync(path.dirname(home), { recursive: true })
  const folder = mkdtempSync(`${home}-`)
  const hasVenv = tryRun('python3', ['-m', 'venv', folder]) === undefined
  if (!hasVenv) rmSync(folder, { recursive: true, force: true })
  const [command, target] = hasVenv ? [path.join(folder, 'bin', 'python'), []] : ['python3', ['--target', folder]]
  const complaint = tryRun(command, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--no-compile',
    ...target,
    '--requirement',
    REQUIREMENTS,
  ])
  if (complaint !== undefined) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`the Python clients could not be installed: ${complaint}`)
  }
  try {
    renameSync(folder, home)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    // Another run of the tests was first.
    if (!existsSync(home)) throw error
  }
}

/** What went wrong, or undefined. */
function tryRun(command: string, parameters: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8', timeout: INSTALL_LIMIT_MS })
  return status === 0 ? undefined : error?.message || stderr || `${command} ended with ${status}`
}
