// The real runner: a child process over llama.cpp with a small real model. The suite that every Runner passes, then what only an engine can show.

import { fileURLToPath } from 'node:url'
import { silentLog } from '../../src/base/log.ts'
import { createRunnerLoader } from '../../src/runner/parent/loader.ts'
import type { LoadSpec } from '../../src/runner/runner.ts'
import { describeRunner } from '../../src/runner/testing/conformance.ts'
import { FAKE_SPEC } from '../../src/runner/testing/fake.ts'

const load = createRunnerLoader({
  entry: { path: fileURLToPath(new URL('../../src/main.ts', import.meta.url)), execArgv: ['--import', 'tsx'] },
  log: silentLog,
})

function spec(): LoadSpec {
  const modelPath = process.env.LLAMERO_TEST_GGUF
  if (!modelPath) throw new Error('LLAMERO_TEST_GGUF must name a small model in GGUF format')
  return { ...FAKE_SPEC, modelPath }
}

describeRunner('the runner over llama.cpp', () => ({
  load,
  spec: spec(),
  kill: (runner) => process.kill(runner.facts.processId, 'SIGKILL'),
}))
