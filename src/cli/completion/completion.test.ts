import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { createTestCli } from '../testing/fakes.ts'
import { SHELLS } from './scripts.ts'

const named =
  (...names: string[]) =>
  async () =>
    ({ models: names.map((name) => ({ name })) }) as never

async function complete(...words: string[]): Promise<string[]> {
  const cli = createTestCli({ client: { tags: named('smol:latest', 'smol2:latest', 'other:1b'), ps: named('smol:latest') } })
  expect(await cli.run('__complete', ...words)).toBe(0)
  expect(cli.err.text).toBe('')
  return cli.out.text.split('\n').slice(0, -1)
}

describe('completion', () => {
  it('offers verbs, without the hidden ones', async () => {
    const verbs = await complete('')
    expect(verbs).toEqual(expect.arrayContaining(['run', 'pull', 'prune', 'completion', 'help']))
    expect(verbs).not.toContain('login')
    expect(await complete('pu')).toEqual(['pull', 'push'])
    expect(await complete('--v')).toEqual(['--version', '--verbose'])
    expect(await complete()).toEqual(verbs)
  })

  it.each([
    [
      ['show', 'sm'],
      ['smol:latest', 'smol2:latest'],
    ],
    [['run', 'smol:'], ['smol:latest']],
    [['rm', 'smol:latest', 'o'], ['other:1b']],
    [['stop', ''], ['smol:latest']],
    [['help', 'pru'], ['prune']],
    [['completion', ''], [...SHELLS]],
    [['ls', 'other'], ['other:1b']],
    [
      ['run', 'm', '--think=m'],
      ['--think=medium', '--think=max'],
    ],
    [['run', 'm', '--format', ''], ['json']],
    [['run', 'm', '--think', 'lo'], ['low']],
    [['run', '--think', 'low', 'smol:'], ['smol:latest']],
    [['run', 'm', '--nonsense=', ''], []],
  ])('offers what %j can be followed by', async (words, candidates) => {
    expect(await complete(...words)).toEqual(candidates)
  })

  it('offers flags, and nothing where a value or a prompt belongs', async () => {
    expect(await complete('prune', '--')).toEqual(['--dry-run', '--partial', '--json', '--help'])
    expect(await complete('create', 'm', '-f', '')).toEqual([])
    expect(await complete('create', 'm', '--file', 'x')).toEqual([])
    expect(await complete('run', '--num-ctx', '8', 'smol2')).toEqual(['smol2:latest'])
    expect(await complete('run', 'smol:latest', '')).toEqual([])
    expect(await complete('show', 'smol:latest', '')).toEqual([])
    expect(await complete('run', '--think', 'smol2')).toEqual(['smol2:latest'])
    expect(await complete('run', 'm', '--', '--')).toEqual([])
    expect(await complete('nonsense', '')).toEqual([])
    expect(await complete('run', '--help', '')).not.toEqual([])
  })

  it('is silent without a server', async () => {
    const tags = () => Promise.reject(new AppError('internal', 'refused', { details: { unreachable: true } }))
    const cli = createTestCli({ client: { tags } })
    expect(await cli.run('__complete', 'show', '')).toBe(0)
    expect([cli.out.text, cli.err.text]).toEqual(['', ''])
  })

  it('prints a script for each shell, under the name of the program', async () => {
    for (const shell of SHELLS) {
      const cli = createTestCli({ program: 'llamero' })
      expect(await cli.run('completion', shell)).toBe(0)
      expect(cli.out.text).toContain('llamero __complete ')
      expect(cli.out.text).not.toContain('ollama')
    }
    const other = createTestCli()
    expect(await other.run('completion', 'tcsh')).toBe(1)
    expect(other.err.text).toBe('Error: there is no completion for "tcsh": bash, zsh, fish\n')
  })
})
