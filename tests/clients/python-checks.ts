// Checks written in Python: a script's functions `it_...` are tests of vitest, under the same names, and so are the classes of a script for pytest.
// Every one of them must report.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../support/paths.ts'
import { findPython, INSTALL_LIMIT_MS } from '../support/python.ts'
import { cleanEnvironment } from '../support/server.ts'

const SCRIPTS = path.join(root, 'tests', 'clients', 'python')
const REQUIREMENTS = path.join(SCRIPTS, 'requirements.txt')
const SCRIPT_LIMIT_MS = 280_000
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
  const { command, variables } = findPython(REQUIREMENTS)
  const { stdout } = await promisify(execFile)(command, [path.join(SCRIPTS, runner), script], {
    timeout: SCRIPT_LIMIT_MS,
    maxBuffer: STDOUT_LIMIT_BYTES,
    env: { ...cleanEnvironment(), NO_PROXY: '*', ...variables, ...environment },
  })
  const records = stdout.split('\n').filter((line) => line.startsWith('{'))
  return new Map(records.map((line) => JSON.parse(line) as { name: string; outcome: string }).map(({ name, outcome }) => [name, outcome]))
}
