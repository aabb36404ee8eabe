// PyPI's clients of OpenAI's and Anthropic's APIs and what stands on them, unmodified.

import { afterAll, beforeAll } from 'vitest'
import { createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { describePython } from './python-checks.ts'
import { createScripted, TOOLS_TEMPLATE } from './scripted.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
  await createSmol(server.url, 'smol-tools', { template: TOOLS_TEMPLATE })
  await createScripted(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const environment = () => ({ OLLAMA_HOST: server.url })

describePython('openai_client', environment)
describePython('anthropic_client', environment)
describePython('litellm_client', environment)
describePython('instructor_client', environment)
describePython('llama_index_clients', environment)
