import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../api/client.ts'
import type { GenerateRequestBody, GenerateResponseBody } from '../../api/generate.ts'
import type { ShowResponseBody } from '../../api/models.ts'
import { AppError } from '../../base/errors.ts'
import { createTestCli, parts, type TestCliShape } from '../testing/fakes.ts'

const SHOWN: ShowResponseBody = {
  details: { parent_model: '', format: 'gguf', family: 'llama', families: null, parameter_size: '', quantization_level: '' },
  model_info: {},
  modified_at: '',
  capabilities: ['completion'],
}
const part = (fields: Partial<GenerateResponseBody>): GenerateResponseBody => ({
  model: 'm',
  created_at: '',
  response: '',
  done: false,
  ...fields,
})
const last = (fields: Partial<GenerateResponseBody> = {}) => part({ done: true, done_reason: 'stop', ...fields })

/** A command line whose server answers `replies` to every prompt, and what it was asked. */
function createRun(replies: GenerateResponseBody[], shape: TestCliShape & { shown?: Partial<ShowResponseBody> } = {}) {
  const asked: GenerateRequestBody[] = []
  const client: Partial<Client> = {
    show: async () => ({ ...SHOWN, ...shape.shown }),
    generate: (request) => {
      asked.push(request)
      return parts(...replies)
    },
    ...shape.client,
  }
  return { asked, ...createTestCli({ ...shape, client }) }
}

describe('run with a prompt', () => {
  it('writes the text of the model and two line breaks into a pipe, and nothing else', async () => {
    const words = 'word '.repeat(40)
    const run = createRun([part({ response: words }), part({ response: 'end' }), last()])
    expect(await run.run('run', 'm', 'why', 'is it')).toBe(0)
    expect(run.asked).toEqual([{ model: 'm', prompt: 'why is it' }])
    expect(run.out.text).toBe(`${words}end\n\n`)
    expect(run.err.text).toBe('')
  })

  it('puts what is piped in before the words', async () => {
    const run = createRun([last()], { input: { text: 'file\n' } })
    await run.run('run', 'm', 'sum up')
    expect(run.asked[0]?.prompt).toBe('file\n sum up')
  })

  it('only loads the model when there is no prompt at all', async () => {
    const run = createRun([last({ done_reason: 'load' })])
    expect(await run.run('run', 'm')).toBe(0)
    expect(run.asked).toEqual([{ model: 'm', prompt: '' }])
    expect(run.out.text).toBe('')
  })

  it('sends what the flags say', async () => {
    const run = createRun([last()])
    await run.run(
      'run',
      'm',
      'x',
      '-o',
      'stop=a',
      '-o',
      'stop=b',
      '-o',
      'top_k=3',
      '--num-ctx',
      '512',
      '--temperature',
      '0.5',
      '--seed',
      '-1',
    )
    await run.run('run', 'm', 'x', '--system', 'be brief', '--format', 'json', '--keepalive', '-1', '--think=high')
    await run.run('run', 'm', 'x', '--format', '{"type":"object"}', '--keepalive', '5m', '--think=false')
    expect(run.asked).toEqual([
      { model: 'm', prompt: 'x', options: { stop: ['a', 'b'], top_k: 3, num_ctx: 512, temperature: 0.5, seed: -1 } },
      { model: 'm', prompt: 'x', system: 'be brief', format: 'json', keep_alive: -1, think: 'high' },
      { model: 'm', prompt: 'x', format: { type: 'object' }, keep_alive: '5m', think: false },
    ])
  })

  it.each([
    [['--keepalive', 'abc'], 'time: invalid duration "abc"'],
    [['--think=bogus'], 'invalid value for --think: "bogus" (must be true, false, high, medium, low, or max)'],
    [['--format', 'yaml'], 'invalid value for --format: neither "json" nor a JSON Schema: yaml'],
    [['-o', 'top_k'], 'invalid value for --option: "top_k" (must be key=value)'],
    [['-o', 'nope=1'], "unknown parameter 'nope'"],
    [['-o', 'top_k=x'], 'invalid int value [x]'],
  ])('refuses %j before it asks the server', async (flags, message) => {
    const cli = createTestCli({ client: {} })
    expect(await cli.run('run', 'm', 'x', ...flags)).toBe(1)
    expect(cli.err.text).toBe(`Error: ${message}\n`)
  })

  it('thinks where the model can and nobody said otherwise', async () => {
    const run = createRun([last()], { shown: { capabilities: ['completion', 'thinking'] } })
    await run.run('run', 'm', 'x')
    await run.run('run', 'm', 'x', '--think=false')
    expect(run.asked.map(({ think }) => think)).toEqual([true, false])
  })

  it('takes a level of thinking as the next word too', async () => {
    const run = createRun([last()])
    await run.run('run', 'm', '--think', 'low', 'hi')
    await run.run('run', 'm', '--think', 'hard', 'low')
    expect(run.asked).toEqual([
      { model: 'm', prompt: 'hi', think: 'low' },
      { model: 'm', prompt: 'hard low', think: true },
    ])
    expect(run.err.text).toBe('')
  })

  it('shows what is thought between marks, or not at all', async () => {
    const replies = [part({ thinking: 'hm' }), part({ thinking: 'm' }), part({ response: 'Yes' }), last()]
    const run = createRun(replies)
    await run.run('run', 'm', 'x')
    expect(run.out.text).toBe('Thinking...\nhmm\n...done thinking.\n\nYes\n\n')
    run.out.reset()
    await run.run('run', 'm', 'x', '--hidethinking')
    expect(run.out.text).toBe('Yes\n\n')
  })

  it('shows calls of tools that nobody has', async () => {
    const run = createRun([part({ tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }), last()])
    await run.run('run', 'm', 'x')
    expect(run.out.text).toBe('  Model called a non-existent function \'f()\' with arguments: {"a":1}\n\n')
  })

  it('wraps on a terminal, unless told not to', async () => {
    const shape = { terminal: true }
    const text = `${'word '.repeat(14)}wordsword`
    const run = createRun([part({ response: text }), last()], shape)
    await run.run('run', 'm', 'x')
    expect(run.out.text).toContain('\x1b[5D\x1b[K\nwordsword')
    run.out.reset()
    await run.run('run', 'm', 'x', '--nowordwrap')
    expect(run.out.text).toBe(`${text}\n\n`)
  })

  it('prints timings on standard error', async () => {
    const figures = {
      total_duration: 5_043_500_667,
      prompt_eval_count: 26,
      prompt_eval_duration: 325_953_000,
      eval_count: 290,
      eval_duration: 4_709_213_000,
    }
    const run = createRun([last(figures)])
    await run.run('run', 'm', 'x', '--verbose')
    expect(run.err.text).toBe(
      'total duration:       5.043500667s\nprompt eval count:    26 token(s)\nprompt eval duration: 325.953ms\n' +
        'prompt eval rate:     79.77 tokens/s\neval count:           290 token(s)\neval duration:        4.709213s\neval rate:            61.58 tokens/s\n',
    )
  })

  it('says what did not fit', async () => {
    const loaded = {
      name: 'm:latest',
      model: '',
      size: 0,
      size_vram: 0,
      digest: '',
      details: SHOWN.details,
      expires_at: '',
      context_length: 512,
    }
    const run = createRun([last({ truncated: true, prompt_dropped_messages: 3 })], { client: { ps: async () => ({ models: [loaded] }) } })
    await run.run('run', 'm', 'x')
    expect(run.err.text).toBe('note: 3 earlier messages did not fit into the context of 512 tokens; raise it with --num-ctx\n')
  })

  it('ends in silence on Ctrl-C and tells the server', async () => {
    let aborted = false
    const run = createRun([], {
      client: {
        generate: async function* (_request, signal) {
          yield part({ response: 'begin' })
          run.interrupt()
          aborted = signal?.aborted === true
          throw new AppError('cancelled', 'request canceled')
        },
      },
    })
    expect(await run.run('run', 'm', 'x')).toBe(0)
    expect(aborted).toBe(true)
    expect(run.out.text).toBe('begin')
    expect(run.err.text).toBe('')
  })

  it('does not take half a reply for a whole one', async () => {
    const run = createRun([part({ response: 'half' })])
    expect(await run.run('run', 'm', 'x')).toBe(1)
    expect(run.err.text).toContain('Error: the server ended the reply in the middle')
  })

  it('pulls a model that is missing and then runs it', async () => {
    let pulled = false
    const run = createRun([part({ response: 'hi' }), last()], {
      client: {
        show: async () => {
          if (!pulled) throw new AppError('internal', 'not found', { details: { status: 404 } })
          return SHOWN
        },
        pull: () => {
          pulled = true
          return parts({ status: 'success' })
        },
      },
    })
    expect(await run.run('run', 'm', 'x')).toBe(0)
    expect(run.err.text).toBe('success\n')
    expect(run.out.text).toBe('hi\n\n')
  })
})

describe('run of a model that embeds', () => {
  const shown = { capabilities: ['embedding'] }

  it('prints one line of JSON', async () => {
    const asked: unknown[] = []
    const client: Partial<Client> = {
      embed: async (request) => {
        asked.push(request)
        return { model: 'm', embeddings: [[0.5, -1]] }
      },
    }
    const run = createRun([], { shown, client })
    expect(await run.run('run', 'm', 'text', '--dimensions', '2', '--truncate=false')).toBe(0)
    expect(asked).toEqual([{ model: 'm', input: 'text', truncate: false, dimensions: 2 }])
    expect(run.out.text).toBe('[0.5,-1]\n')
  })

  it('needs a text, and a vector in the answer', async () => {
    const run = createRun([], { shown, client: { embed: async () => ({ model: 'm', embeddings: [] }) } })
    expect(await run.run('run', 'm')).toBe(1)
    expect(run.err.text).toBe('Error: embedding models require input text. Usage: ollama run m "your text here"\n')
    run.err.reset()
    expect(await run.run('run', 'm', 'x')).toBe(1)
    expect(run.err.text).toBe('Error: no embeddings returned\n')
  })
})

describe('run without a server', () => {
  let home: string
  beforeEach(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'home-'))
  })
  afterEach(() => rm(home, { recursive: true }))

  const unreachable = new AppError('internal', 'fetch failed', { details: { unreachable: true } })

  it('starts one in the background, says so once, and waits until it answers', async () => {
    let asks = 0
    const started: string[] = []
    const run = createRun([part({ response: 'hi' }), last()], {
      config: { home },
      client: {
        version: async () => {
          if (asks++ < 3) throw unreachable
          return '1.0.0'
        },
      },
      processes: {
        startServer: (logFile) => {
          started.push(logFile)
          return { pid: 12, exited: new Promise(() => {}) }
        },
      },
    })
    expect(await run.run('run', 'm', 'x')).toBe(0)
    const logFile = path.join(home, 'logs', 'server.log')
    expect(started).toEqual([logFile])
    expect(run.err.text).toBe(`No server is running: starting one in the background (process 12, log ${logFile})\n`)
    expect(run.out.text).toBe('hi\n\n')
  })

  it('shows what the log says when the server does not come up', async () => {
    const run = createRun([], {
      config: { home },
      client: {
        version: async () => {
          throw unreachable
        },
      },
      processes: {
        startServer: (logFile) => ({ pid: 12, exited: writeFile(logFile, 'the port is taken\n') }),
        sleep: () =>
          readFile(path.join(home, 'logs', 'server.log')).then(
            () => {},
            () => {},
          ),
      },
    })
    expect(await run.run('run', 'm', 'x')).toBe(1)
    expect(run.err.text).toContain("it answered; run 'ollama serve' to see why. Its log says:\nthe port is taken\n")
  })

  it.each([[{ flags: ['--no-start'], serverUrl: 'http://127.0.0.1:11434' }], [{ flags: [], serverUrl: 'http://elsewhere:11434' }]])(
    'does not start one with %j',
    async ({ flags, serverUrl }) => {
      const run = createRun([], {
        config: { home, serverUrl },
        client: {
          version: async () => {
            throw unreachable
          },
        },
      })
      expect(await run.run('run', 'm', 'x', ...flags)).toBe(1)
      expect(run.err.text).toContain("Error: could not connect to ollama server, run 'ollama serve' to start it\n")
    },
  )
})
