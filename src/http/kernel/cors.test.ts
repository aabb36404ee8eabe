import { describe, expect, it } from 'vitest'
import { checkCors } from './cors.ts'
import { createOriginPolicy } from './origins.ts'

function preflight(requestHeaders?: string): string[] {
  const input = { method: 'OPTIONS', origin: 'http://localhost:5173', host: '127.0.0.1:11434', requestHeaders }
  const verdict = checkCors(input, createOriginPolicy([]))
  return verdict.kind === 'preflight' ? String(verdict.headers['Access-Control-Allow-Headers']).split(',') : []
}

describe('a preflight', () => {
  it("is told Ollama's list of headers", () => {
    expect(preflight()).toContain('Authorization')
    expect(preflight()).not.toContain('x-api-key')
    expect(preflight('content-type,x-custom')).toEqual(preflight())
  })

  it("is allowed the headers of Anthropic's and OpenAI's clients where it asks for them", () => {
    const asked = ['anthropic-dangerous-direct-browser-access', 'anthropic-version', 'anthropic-beta', 'x-api-key']
    expect(preflight(['content-type', ...asked].join(', '))).toEqual(expect.arrayContaining(asked))
    expect(preflight('openai-organization, OpenAI-Project')).toEqual([...preflight(), 'openai-organization', 'openai-project'])
    expect(preflight('X-Api-Key')).toEqual([...preflight(), 'x-api-key'])
  })
})
