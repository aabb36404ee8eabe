// A server as small as can be: loads the model it is given, prints the runner's process id once a reply is under way, and never stops reading.

import { greedyRequest } from '../../src/runner/testing/conformance.ts'
import { loadRunner, tinySpec } from './runner-support.ts'

const runner = await loadRunner(tinySpec(process.argv[2] as string), {})
let told = false
while (true) {
  for await (const chunk of runner.complete(greedyRequest({ maxTokens: 100, contextShift: true }))) {
    if (!told && chunk.type === 'text') process.stdout.write(`${runner.facts.processId}\n`)
    told ||= chunk.type === 'text'
  }
}
