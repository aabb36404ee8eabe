import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it, vi } from 'vitest'
import { silentLog } from '../base/log.ts'
import type { HttpRequest } from './kernel/request.ts'
import type { MaintenanceContext } from './native/maintenance.ts'
import { DIALECTS, toOpenApi } from './openapi.ts'
import { createRoutes } from './server.ts'
import { createFakeService } from './testing/fake-service.ts'

const upkeep = { maintenance: {}, stop: () => false } as unknown as MaintenanceContext
const routes = createRoutes({ service: createFakeService(), log: silentLog, version: '0.33.0', upkeep })
const operations = new Map(DIALECTS.flatMap((dialect) => Object.entries(dialect.operations)))
const document = toOpenApi('1.2.3') as { components: { schemas: Record<string, object>; responses: object } }

describe('the document of all dialects', () => {
  it('has every route and no other', () => {
    expect([...operations.keys()].toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted())
  })

  it.each([...operations].filter(([, { takes }]) => takes?.struct))(
    'takes the fields of %s from what decodes them',
    async (key, { takes }) => {
      if (!takes?.struct) throw new Error('the filter is wrong')
      const decode = vi.spyOn(takes.struct, 'decode')
      const route = routes.find(({ method, path }) => `${method} ${path}` === key)
      const request: Partial<HttpRequest> = {
        readBody: async () => Buffer.from('{}'),
        query: new URLSearchParams(),
        signal: new AbortController().signal,
      }
      await Promise.resolve(route?.handle(request as HttpRequest)).catch(() => {})
      expect(decode).toHaveBeenCalledOnce()
      decode.mockRestore()
    },
  )

  it.each([...operations].filter(([, { takes }]) => takes?.struct))('requires of %s only what it has', (_, { takes }) => {
    expect(Object.keys(takes?.struct?.fields ?? {})).toEqual(expect.arrayContaining([...(takes?.required ?? [])]))
  })

  it('refers to nothing that is not there, and its schemas are schemas', () => {
    const text = JSON.stringify(document)
    const ajv = new Ajv2020({ strict: false, logger: false }).addSchema(document, 'd')
    for (const name of Object.keys(document.components.schemas)) expect(() => ajv.getSchema(`d#/components/schemas/${name}`)).not.toThrow()
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = pointer.split('/').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document)
      expect(found, pointer).toBeDefined()
    }
  })

  it('shows what is refused as what may not be there, and what is not used as what may', () => {
    const { properties } = document.components.schemas['openai.ChatCompletionRequest'] as { properties: Record<string, object> }
    expect(properties.audio).toEqual({ description: 'Refused: speech is not made here.', type: 'null' })
    expect(properties.user).toEqual({ description: 'Changes nothing, and is named in the header.' })
    expect(properties.verbosity).toEqual({ description: 'Refused: only "medium" is supported.' })
  })
})
