// LangChain's own standard tests, against a small real model; what asks for wit is answered by models whose lines are written (which test by which
// model: python/langchain_standard.py).

import { afterAll, beforeAll } from 'vitest'
import { createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { describeStandard } from './python-checks.ts'
import { callerOf, createScripted, createSpeaker, type Scripted, TOOLS_TEMPLATE } from './scripted.ts'

const SPEAKERS: Record<string, Scripted> = {
  magician: callerOf('magic_function', '{"input": 3}'),
  'bare-magician': callerOf('magic_function_no_args', '{}'),
  greeter: callerOf('greeting_generator', '{"answer_style": "Pirate"}'),
  forecaster: callerOf('get_weather', '{"location": "San Francisco, CA"}', ['It is sunny.']),
  registrar: callerOf('unicode_customer', '{"customer_name": "你好 こんにちは", "description": "株式会社"}'),
  joker: { reply: ['{"setup": "Why do cats purr?", ', '"punchline": "Because they can."}'] },
}

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
  await createSmol(server.url, 'smol-tools', { template: TOOLS_TEMPLATE })
  await createScripted(server.url)
  for (const [name, scripted] of Object.entries(SPEAKERS)) await createSpeaker(server.url, name, scripted)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

describeStandard('langchain_standard', () => ({ OLLAMA_HOST: server.url }))
