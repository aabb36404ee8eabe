// The real runner passes the suite that every Runner passes: a child process over llama.cpp with a small real model.

import { describeRunner } from '../../src/runner/testing/conformance.ts'
import { loadRunner, realSpec } from './runner-support.ts'

describeRunner('the runner over llama.cpp', () => ({
  load: loadRunner,
  spec: realSpec(),
  kill: (runner) => process.kill(runner.facts.processId, 'SIGKILL'),
}))
