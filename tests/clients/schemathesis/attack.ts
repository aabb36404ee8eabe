// Schemathesis against a real server with a real model, along the server's own document: requests that fit it and requests that do not, and
// answers that must be what it says.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createSmol } from '../../support/models.ts'
import { root } from '../../support/paths.ts'
import { findPython } from '../../support/python.ts'
import { cleanEnvironment, startServer } from '../../support/server.ts'
import { startLibrary } from '../library.ts'
import { createScripted } from '../scripted.ts'

const FOLDER = path.join(root, 'tests', 'clients', 'schemathesis')

/** Checks that say nothing here, and why. */
const EXCLUDED_CHECKS = [
  // What fits the schema may still name a model that is not there, or a grammar that is none.
  'positive_data_acceptance',
  // /v1/responses/input_tokens is also the place of a response with that id.
  'allow_header_conformance',
]
/** A push needs a registry that takes something. */
const EXCLUDED_PATHS = ['/api/push']

export interface Attack {
  seconds: number
  /** Of Schemathesis; all unless told. The coverage of each field alone takes minutes. */
  phases?: readonly string[]
}

export interface Outcome {
  status: number | null
  report: string
  /** The server still lives and answers. */
  survived: boolean
  /** Lines of its log about requests that failed by its own fault. */
  complaints: string[]
}

export async function attackApi({ seconds, phases }: Attack): Promise<Outcome> {
  const { command, variables } = findPython(path.join(FOLDER, 'requirements.txt'))
  const [server, library] = await Promise.all([startServer(), startLibrary()])
  try {
    await createSmol(server.url, 'smol', { parameters: { num_predict: 4, num_ctx: 512 } })
    await createScripted(server.url)
    const child = spawn(command, ['-m', 'schemathesis.cli', ...toParameters(server.url, { seconds, ...(phases ? { phases } : {}) })], {
      // Where it keeps what it has found.
      cwd: server.home,
      env: {
        ...cleanEnvironment(),
        ...variables,
        NO_PROXY: '*',
        PYTHONPATH: [variables.PYTHONPATH, FOLDER].filter(Boolean).join(path.delimiter),
        SCHEMATHESIS_HOOKS: 'hooks',
        FUZZ_LIBRARY: library.model,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let report = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (report += text))
    const [status] = (await once(child, 'close')) as [number | null]
    const survived = server.process.exitCode === null && (await fetch(server.url).catch(() => undefined))?.ok === true
    const complaints = server
      .log()
      .split('\n')
      .filter((line) => line.includes('request failed'))
    return { status, report, survived, complaints }
  } finally {
    await library.close()
    await server.stop()
    server.clean()
  }
}

function toParameters(url: string, { seconds, phases }: Attack): string[] {
  return [
    'run',
    `${url}/openapi.json`,
    ...['--url', url],
    ...['--max-time', String(seconds)],
    ...['--request-timeout', '20'],
    ...['--checks', 'all'],
    ...['--exclude-checks', EXCLUDED_CHECKS.join(',')],
    ...EXCLUDED_PATHS.flatMap((one) => ['--exclude-path', one]),
    ...(phases ? ['--phases', phases.join(',')] : []),
    ...['--seed', process.env.FUZZ_SEED ?? '20261121'],
    // Paths with names in them are filtered much: `.` and `..` are none.
    '--suppress-health-check=all',
    '--continue-on-failure',
    '--no-shrink',
    '--no-color',
  ]
}
