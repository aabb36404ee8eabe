// Writes the pages of docs/ that follow from tables in the source; with --check it only says whether they are fresh (and fails when not).
//   npm run docs        npm run docs -- --check

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMissing } from '../src/base/system-error.ts'
import { VARIABLES } from '../src/config/variables.ts'
import { toOpenApi } from '../src/http/openapi.ts'
import { VERSION } from '../src/version.ts'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const PAGES: Record<string, () => string> = {
  'docs/environment.md': environmentPage,
  'docs/openapi.json': () => `${JSON.stringify(toOpenApi(VERSION), undefined, 2)}\n`,
}

const checks = process.argv.includes('--check')
for (const [name, write] of Object.entries(PAGES)) {
  const file = path.join(root, name)
  const text = write()
  if (!checks) writeFileSync(file, text)
  else if (readOrEmpty(file) !== text) {
    console.error(`${name} is stale: npm run docs`)
    process.exitCode = 1
  }
}

function environmentPage(): string {
  const rows = Object.values(VARIABLES).map(({ name, help }) => `| \`${name}\` | ${help} |`)
  return `# Environment

Generated from \`src/config/variables.ts\` by \`npm run docs\`. Values are trimmed of blanks and quotes; a value that cannot be read gives the default and a
line in the log. What Ollama does with its own variables, and which ones are missing here: [compatibility.md](compatibility.md).

| Variable | Meaning |
|---|---|
${rows.join('\n')}
`
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}
