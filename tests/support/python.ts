// Environments for what is written in Python. They live in .cache/, one for each state of a list of requirements: a virtual environment, or where
// Python comes without one (Debian leaves it to a package of its own), a plain folder that pip installs into. The list is whole, so nothing is
// resolved; what is imported is compiled then, beside them, since most of it never is.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root } from './paths.ts'

export const INSTALL_LIMIT_MS = 280_000

export interface Python {
  command: string
  variables: Record<string, string>
}

/** The Python that has what the list names. */
export function findPython(requirements: string): Python {
  const state = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const home = path.join(root, '.cache', 'python-clients', state)
  if (!existsSync(home)) install(home, requirements)
  const command = path.join(home, 'bin', 'python')
  const compiled = { PYTHONPYCACHEPREFIX: path.join(home, 'compiled') }
  if (existsSync(command)) return { command, variables: compiled }
  return { command: 'python3', variables: { ...compiled, PYTHONPATH: home, PYTHONNOUSERSITE: '1' } }
}

/** Elsewhere first, so that a folder with the right name is a whole one. */
function install(home: string, requirements: string): void {
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
    requirements,
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
