import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/base/errors.ts'
import { UNUSED_VARIABLES } from '../../src/config/unused.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { OPTION_TYPES } from '../../src/model/options.ts'
import { root } from '../support/paths.ts'

const page = readFileSync(path.join(root, 'docs', 'compatibility.md'), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| `'))

describe('docs/compatibility.md', () => {
  it.each(Object.keys(OPTION_TYPES))('has a row for the option %s', (option) => {
    expect(rows.some((row) => row.startsWith(`| \`${option}\` |`))).toBe(true)
  })

  it.each([...Object.values(VARIABLES).map(({ name }) => name), ...Object.keys(UNUSED_VARIABLES)])(
    'has a row for the variable %s',
    (name) => {
      expect(rows.some((row) => row.includes(`\`${name}\``))).toBe(true)
    },
  )

  it('names every standard test of LangChain that is left out', () => {
    const script = readFileSync(path.join(root, 'tests', 'clients', 'python', 'langchain_standard.py'), 'utf8')
    const [, skipped = ''] = /^SKIPPED = \{([^}]*)\}/m.exec(script) ?? []
    const names = [...skipped.matchAll(/"(test_\w+)":/g)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  it('marks each row with one of the four states', () => {
    const states = rows.map((row) => row.split('|')[2]?.trim())
    expect(states.filter((state) => !['same', 'better', 'partly', 'missing'].includes(state ?? ''))).toEqual([])
  })
})

describe('docs/errors.md', () => {
  const errors = readFileSync(path.join(root, 'docs', 'errors.md'), 'utf8')
  it.each(ERROR_CODES)('describes the code %s', (code) => {
    expect(errors).toContain(`\`${code}\``)
  })
})

describe('docs/conformance-differs.json', () => {
  it('names for each case the reason and the place of the difference', () => {
    const { cases, at } = JSON.parse(readFileSync(path.join(root, 'docs', 'conformance-differs.json'), 'utf8')) as {
      cases: Record<string, string>
      at: Record<string, string>
    }
    for (const reason of Object.values(cases)) expect(reason.length).toBeGreaterThan(10)
    expect(Object.keys(at)).toEqual(Object.keys(cases))
  })
})
