// The papers name files, folders, scripts and links: each must be there. Paths begin at the root of the repository or in src/; a name without a
// folder is that of some file in src/.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../support/paths.ts'

/** Made by commands, and in no checkout. */
const GENERATED = ['dist/', '.cache/']
/** Of the models folder, and of the specification that lies beside the repository. */
const ELSEWHERE = ['.locks/', 'contract/native.md']

const decisions = readdirSync(path.join(root, 'docs', 'decisions')).filter((name) => name.endsWith('.md'))
const papers = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(path.join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  ...decisions.map((name) => `docs/decisions/${name}`),
]
const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
const names = new Set(sources.map((name) => path.basename(name)))

describe.each(papers)('%s', (paper) => {
  const text = readFileSync(path.join(root, paper), 'utf8')

  it('names files and folders that are there', () => {
    expect(placesIn(text).filter((place) => !isThere(place))).toEqual([])
  })

  it('links to pages that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target)
    expect(targets.filter((target) => !existsSync(path.join(root, path.dirname(paper), target)))).toEqual([])
  })

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    const asked = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script)
    expect(asked.filter((script) => !(script in scripts))).toEqual([])
  })
})

describe('README.md', () => {
  it('begins with one command that does the main job and one that passes the tests', () => {
    const commands = readFileSync(path.join(root, 'README.md'), 'utf8').match(/^ {4}\S.*$/gm)
    expect(commands?.slice(0, 2)).toEqual(['    npm ci && npx llamero run smollm2 "Why is the sky blue?"', '    npm ci && npm test'])
  })
})

describe('ARCHITECTURE.md', () => {
  const text = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8')

  it('has a row for each folder of src', () => {
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).filter((name) => !text.includes(`| \`${name}/\` |`))).toEqual([])
  })
})

describe('docs/decisions/README.md', () => {
  const index = readFileSync(path.join(root, 'docs', 'decisions', 'README.md'), 'utf8')

  it.each(decisions.filter((name) => name !== 'README.md'))('has a row for %s, with its title', (name) => {
    const title = readFileSync(path.join(root, 'docs', 'decisions', name), 'utf8')
      .split('\n')[0]
      ?.replace(/^# \d{4} /, '')
    expect(index).toContain(`| [${name.slice(0, 4)}](${name}) | ${title} |`)
  })
})

/** What stands in code and looks like a path of this repository. */
function placesIn(text: string): string[] {
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  return spans.filter((span) => {
    if (!/^[\w./-]+$/.test(span) || ELSEWHERE.includes(span)) return false
    if (/\.(ts|js|md|jsonc)$/.test(span) || /^[\w.-]+\/$/.test(span)) return true
    const [first = '', ...rest] = span.split('/')
    return rest.length > 0 && first !== '' && existsSync(path.join(root, 'src', first)) !== existsSync(path.join(root, first))
  })
}

function isThere(place: string): boolean {
  if (GENERATED.some((made) => place.startsWith(made))) return true
  if (existsSync(path.join(root, place)) || existsSync(path.join(root, 'src', place))) return true
  return names.has(place.replace(/\/$/, ''))
}
