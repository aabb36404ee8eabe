import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { createTestCli, parts, type TestCliShape } from './testing/fakes.ts'

const details = { parent_model: '', format: 'gguf', family: 'llama', families: ['llama'], parameter_size: '1B', quantization_level: 'Q4_0' }
const shown = { details, model_info: {}, modified_at: '' }

interface Started {
  program: string
  words: readonly string[]
  environment: Readonly<Record<string, string>>
}

function createLauncher(status: number | undefined, shape: TestCliShape = {}) {
  const started: Started[] = []
  const cli = createTestCli({
    ...shape,
    client: { show: async () => shown, ...shape.client },
    processes: {
      runProgram: async (program, words, environment) => {
        started.push({ program, words, environment })
        return status
      },
    },
  })
  return { cli, started }
}

describe('launch', () => {
  it('starts the program with the address of the server and passes words and status on', async () => {
    const { cli, started } = createLauncher(3)
    expect(await cli.run('launch', 'claude', '--model', 'qwen3', '--yes', '--', '-p', 'how?', '--model')).toBe(3)
    expect(started).toEqual([
      {
        program: 'claude',
        words: ['--model', 'qwen3', '-p', 'how?', '--model'],
        environment: expect.objectContaining({
          ANTHROPIC_BASE_URL: 'http://127.0.0.1:11434',
          ANTHROPIC_AUTH_TOKEN: 'ollama',
          ANTHROPIC_API_KEY: '',
          ANTHROPIC_DEFAULT_SONNET_MODEL: 'qwen3',
        }),
      },
    ])
  })

  it.each([
    ['codex', ['-m', 'm'], { OPENAI_API_KEY: 'ollama' }],
    ['copilot-cli', ['--model', 'm'], { COPILOT_PROVIDER_BASE_URL: 'http://127.0.0.1:11434/v1', COPILOT_MODEL: 'm' }],
    ['pool', ['-m', 'm'], { POOLSIDE_STANDALONE_BASE_URL: 'http://127.0.0.1:11434/v1' }],
    ['opencode', [], { OPENCODE_CONFIG_CONTENT: expect.stringContaining('"baseURL":"http://127.0.0.1:11434/v1"') }],
  ])('knows %s', async (name, words, environment) => {
    const { cli, started } = createLauncher(0)
    expect(await cli.run('launch', name, '--model=m')).toBe(0)
    expect(started[0]?.words.slice(-words.length || undefined)).toEqual(words)
    expect(started[0]?.environment).toMatchObject(environment)
  })

  it('prints with --config what it would start, as a shell reads it', async () => {
    const { cli, started } = createLauncher(0)
    expect(await cli.run('launch', 'pool', '--model', 'm', '--config', '--', "it's")).toBe(0)
    expect(cli.out.text).toBe(
      "export POOLSIDE_STANDALONE_BASE_URL=http://127.0.0.1:11434/v1\nexport POOLSIDE_API_KEY=ollama\npool -m m 'it'\\''s'\n",
    )
    expect(started).toEqual([])
  })

  it('pulls a model that is missing', async () => {
    let pulled = false
    const { cli, started } = createLauncher(0, {
      client: {
        show: async () => {
          if (!pulled) throw new AppError('model_not_found', 'not found', { details: { status: 404 } })
          return shown
        },
        pull: () => {
          pulled = true
          return parts({ status: 'success' })
        },
      },
    })
    expect(await cli.run('launch', 'claude', '--model', 'm')).toBe(0)
    expect(started).toHaveLength(1)
  })

  it('lets the user choose the model on a terminal', async () => {
    const listed = { name: 'm:latest', model: 'm:latest', modified_at: '2026-08-07T12:00:00Z', size: 1, digest: 'ab'.repeat(32), details }
    const { cli, started } = createLauncher(0, {
      terminal: true,
      input: { isTTY: true },
      client: { tags: async () => ({ models: [listed] }) },
    })
    const ended = cli.run('launch', 'claude')
    await new Promise(setImmediate)
    expect(cli.out.text).toContain('enter start')
    cli.input.type('\r')
    expect(await ended).toBe(0)
    expect(started[0]?.words).toEqual(['--model', 'm:latest'])
  })

  it.each([
    [['nope'], 'unknown integration: nope'],
    [['claud', '--model', 'm'], 'unknown integration: claud\n\nDid you mean this?\n\tclaude\n'],
    [['claude', 'x', 'y'], "unexpected arguments: [x y]\nUse '--' to pass extra arguments to the integration"],
    [['claude', 'x', '--', 'y'], "expected at most 1 integration name before '--', got 2"],
    [['--model', 'm'], "flags and extra args require an integration name, for example: 'ollama launch claude --model qwen3.5'"],
    [['--', 'm'], "flags and extra args require an integration name, for example: 'ollama launch claude --model qwen3.5'"],
    [['claude', '--restore'], 'Claude Code does not support --restore'],
    [['claude', '--yes'], 'model selection requires an interactive terminal; use --model to run in headless mode'],
    [[], 'an integration is missing: claude, codex, opencode, copilot, pool'],
    [
      ['droid', '--model', 'm'],
      'droid keeps its settings in files of its own, which are not changed here: give it http://127.0.0.1:11434/v1 as an OpenAI API',
    ],
  ])('refuses %j', async (words, message) => {
    const { cli, started } = createLauncher(0)
    expect(await cli.run('launch', ...words)).toBe(1)
    expect(cli.err.text).toBe(`Error: ${message}\n`)
    expect(started).toEqual([])
  })

  it('says where to get a program that is not installed', async () => {
    const { cli } = createLauncher(undefined)
    expect(await cli.run('launch', 'claude', '--model', 'm')).toBe(1)
    expect(cli.err.text).toBe('Error: Claude Code is not installed, get it from https://code.claude.com/docs/en/quickstart\n')
  })
})
