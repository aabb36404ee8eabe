// PyPI's `ollama` and the LangChain that stands on it, unmodified.

import { afterAll, beforeAll } from 'vitest'
import { createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type Library, startLibrary } from './library.ts'
import { describePython } from './python-checks.ts'
import { createScripted } from './scripted.ts'

let server: TestServer
let library: Library
beforeAll(async () => {
  ;[server, library] = await Promise.all([startServer(), startLibrary()])
  await createSmol(server.url)
  await createScripted(server.url)
})
afterAll(async () => {
  await library.close()
  await server.stop()
  server.clean()
})

const environment = () => ({
  OLLAMA_HOST: server.url,
  TEST_LIBRARY: library.model,
  TEST_GGUF: process.env.LLAMERO_TEST_GGUF ?? '',
})

describePython('ollama_sync', environment)
describePython('ollama_async', environment)
describePython('langchain_clients', environment)
