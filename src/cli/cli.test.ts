import { describe, expect, it } from 'vitest'
import type { Client } from '../api/client.ts'
import type { ProgressBody } from '../api/transfer.ts'
import { AppError } from '../base/errors.ts'
import { createTestCli, parts } from './testing/fakes.ts'

const unreachable = () => new AppError('internal', 'fetch failed', { details: { unreachable: true } })
const answered = (status: number, message: string) => new AppError('internal', message, { details: { status } })

describe('the command line', () => {
  it('names itself as it was called and suggests what was meant', async () => {
    const cli = createTestCli({ program: 'llamero' })
    expect(await cli.run('lst')).toBe(1)
    expect(cli.err.text).toBe('Error: unknown command "lst" for "llamero"\n\nDid you mean this?\n\tlist\n\tps\n\n')
    expect(cli.out.text).toBe('')
  })

  it('suggests nothing where nothing is near', async () => {
    const cli = createTestCli()
    expect(await cli.run('xyzzy')).toBe(1)
    expect(cli.err.text).toBe('Error: unknown command "xyzzy" for "ollama"\n')
  })

  it.each([
    [['cp', 'a'], 'accepts 2 arg(s), received 1'],
    [['run'], 'requires at least 1 arg(s), only received 0'],
    [['serve', 'x'], 'accepts 0 arg(s), received 1'],
    [['list', '--bogus'], 'unknown flag: --bogus'],
    [['help', 'nope'], 'unknown command "nope" for "ollama"'],
    [['signin'], 'signin is not offered: Llamero runs models on this machine and has no accounts'],
    [['logout'], 'logout is not offered: Llamero runs models on this machine and has no accounts'],
    [['create', 'a b', '-f', 'x'], 'invalid model name: a b'],
    [
      ['show', '--license', '--system', 'm'],
      "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be specified",
    ],
    [[], "a command is missing; 'ollama --help' lists them"],
  ])('answers %j with an error', async (words, message) => {
    const cli = createTestCli()
    expect(await cli.run(...words)).toBe(1)
    expect(cli.err.text).toBe(`Error: ${message}\n`)
  })

  it('prints help for itself and for each verb, without the hidden ones', async () => {
    const cli = createTestCli()
    expect(await cli.run('--help')).toBe(0)
    const help = cli.out.text
    expect(help).toContain('Usage:\n  ollama [flags]\n  ollama [command]\n')
    expect(help).toContain('\n  cp           Copy a model\n')
    expect(help).not.toContain('login')
    cli.out.reset()
    expect(await cli.run('help')).toBe(0)
    expect(cli.out.text).toBe(help)
    cli.out.reset()
    expect(await cli.run('ls', '-h')).toBe(0)
    expect(cli.out.text).toContain(
      'Usage:\n  ollama list [PREFIX] [flags]\n\nAliases:\n  list, ls\n\nFlags:\n  -h, --help      help for list\n      --json      ',
    )
    expect(cli.out.text).toContain('\nEnvironment Variables:\n      OLLAMA_HOST                   ')
    const byFlag = cli.out.text
    cli.out.reset()
    await cli.run('help', 'ls')
    expect(cli.out.text).toBe(byFlag)
    cli.out.reset()
    await cli.run('launch', '--help')
    expect(cli.out.text).toContain('ollama launch [INTEGRATION] [-- [EXTRA_ARGS...]] [flags]')
  })

  it('ends with an error when it is called alone and no server runs', async () => {
    const cli = createTestCli({
      terminal: true,
      input: { isTTY: true },
      client: {
        version: async () => {
          throw unreachable()
        },
      },
    })
    expect(await cli.run()).toBe(1)
    expect(cli.err.text).toBe("Error: could not connect to ollama server, run 'ollama serve' to start it\n")
  })

  it('lets the user choose a model to chat with when it is called alone on a terminal', async () => {
    const asked: string[] = []
    const embedder = listed('embedder', { capabilities: ['embedding'] })
    const cli = createTestCli({
      terminal: true,
      input: { isTTY: true },
      client: {
        tags: async () => ({ models: [listed('first:latest'), embedder, listed('second:latest', { capabilities: ['completion'] })] }),
        show: async ({ model }) => {
          asked.push(model)
          throw new AppError('internal', 'stop here')
        },
      },
    })
    const ended = cli.run('--verbose')
    await new Promise(setImmediate)
    expect(cli.out.text).toContain('\x1b[1m> first:latest')
    expect(cli.out.text).not.toContain('embedder')
    cli.input.type('\x1b[A')
    cli.input.type('\x1b[B')
    cli.input.type('\x1b[B')
    expect(cli.out.text.slice(cli.out.text.lastIndexOf('\x1b[J'))).toContain('\x1b[1m> second:latest')
    cli.input.type('\r')
    expect(await ended).toBe(1)
    expect(asked).toEqual(['second:latest'])
    expect(cli.input.raw).toBe(false)
  })

  it.each(['\x1b', 'q', '\x03', '\x04'])('leaves the choice on %j', async (key) => {
    const cli = createTestCli({ terminal: true, input: { isTTY: true }, client: { tags: async () => ({ models: [listed('m')] }) } })
    const ended = cli.run()
    await new Promise(setImmediate)
    cli.input.type(key)
    expect(await ended).toBe(0)
    expect(cli.out.text.endsWith('\x1b[3A\r\x1b[J')).toBe(true)
  })

  it('says how to get a model where there is none', async () => {
    const cli = createTestCli({ terminal: true, input: { isTTY: true } })
    expect(await cli.run()).toBe(0)
    expect(cli.out.text).toContain("'ollama pull MODEL' gets one")
  })

  it('serves', async () => {
    const cli = createTestCli({ serve: async () => 7 })
    expect(await cli.run('serve')).toBe(7)
    expect(await cli.run('start')).toBe(7)
  })

  it('says how to start a server when none listens', async () => {
    const cli = createTestCli({
      client: {
        tags: async () => {
          throw unreachable()
        },
      },
    })
    expect(await cli.run('list')).toBe(1)
    expect(cli.err.text).toBe("Error: could not connect to ollama server, run 'ollama serve' to start it\n")
  })

  it.each([
    ['ECONNREFUSED', 'http://127.0.0.1:11434', "could not connect to ollama server, run 'ollama serve' to start it"],
    [
      'ECONNREFUSED',
      'http://gpu:11434',
      "could not connect to ollama server, run 'ollama serve' to start it\nOLLAMA_HOST names another machine: http://gpu:11434",
    ],
    [
      'EPROTO',
      'https://127.0.0.1:11434',
      'the server at https://127.0.0.1:11434 does not speak https; OLLAMA_HOST=http://127.0.0.1:11434 names it without',
    ],
    ['ENOTFOUND', 'http://gup:11434', 'could not connect to the server at http://gup:11434: ENOTFOUND; OLLAMA_HOST says which one it is'],
    [
      'ECONNRESET',
      'http://127.0.0.1:22',
      'could not connect to the server at http://127.0.0.1:22: ECONNRESET; OLLAMA_HOST says which one it is',
    ],
  ])('tells %s at %s', async (code, serverUrl, message) => {
    const cause = Object.assign(new Error(code), { code })
    const tags = async () => {
      throw new AppError('internal', code, { cause, details: { unreachable: true } })
    }
    const cli = createTestCli({ config: { serverUrl }, client: { tags } })
    expect(await cli.run('list')).toBe(1)
    expect(cli.err.text).toBe(`Error: ${message}\n`)
  })

  it('prints the version of the server, and its own where it differs', async () => {
    const same = createTestCli({ client: { versions: async () => ({ version: '1.0.0', llamero: '0.1.0' }) } })
    expect(await same.run('-v')).toBe(0)
    expect(same.out.text).toBe('ollama version is 1.0.0\n')
    const asLlamero = createTestCli({ program: 'llamero', client: { versions: async () => ({ version: '1.0.0', llamero: '0.1.0' }) } })
    await asLlamero.run('--version')
    expect(asLlamero.out.text).toBe('llamero version is 0.1.0\n')
    const older = createTestCli({ program: 'llamero', client: { versions: async () => ({ version: '1.0.0', llamero: '0.0.9' }) } })
    await older.run('-v')
    expect(older.out.text).toBe('llamero version is 0.0.9\nWarning: client version is 0.1.0\n')
    const ollama = createTestCli({ program: 'llamero', client: { versions: async () => ({ version: '1.0.0' }) } })
    await ollama.run('-v')
    expect(ollama.out.text).toBe('ollama version is 1.0.0\nWarning: client version is 0.1.0\n')
  })

  it('prints its own version when there is no server', async () => {
    const cli = createTestCli({
      client: {
        versions: async () => {
          throw unreachable()
        },
      },
    })
    expect(await cli.run('-v')).toBe(0)
    expect(cli.out.text).toBe('Warning: could not connect to a running Ollama instance\nWarning: client version is 1.0.0\n')
  })
})

const details = { parent_model: '', format: 'gguf', family: 'llama', families: ['llama'], parameter_size: '1K', quantization_level: 'F16' }

const listed = (name: string, extra = {}) => ({
  name,
  model: name,
  modified_at: '2026-08-07T12:00:00Z',
  size: 2_019_377_376,
  digest: 'ab'.repeat(32),
  details,
  ...extra,
})

describe('a model that is not there', () => {
  const nothing = async () => {
    throw answered(404, "model 'x' not found")
  }
  const cliWith = (names: string[]) =>
    createTestCli({
      client: { show: nothing, delete: nothing, copy: nothing, tags: async () => ({ models: names.map((name) => listed(name)) }) },
    })

  it.each([
    [['show', 'llama3.3'], ['llama3.2:latest', 'Llama3.1:8b', 'qwen3:4b'], ['llama3.2']],
    [
      ['show', 'llama'],
      ['llama3.2:latest', 'Llama3.1:8b', 'qwen3:4b'],
      ['llama3.2', 'Llama3.1:8b'],
    ],
    [['show', 'qwen3:4B'], ['qwen3:1b', 'x:1b'], ['qwen3:1b']],
    [['rm', 'smoll'], ['smol:latest'], ['smol']],
    [['stop', 'smoll'], ['smol:latest'], ['smol']],
    [['cp', 'smoll', 'b'], ['smol:latest'], ['smol']],
    [['show', 'a'], ['b:latest', 'xy:latest'], []],
    [['show', 'smol'], ['smol:latest', 'smol2:latest'], []],
    [['show', ''], ['smol:latest'], []],
  ])('%j among %j may have been %j', async (words, names, near) => {
    const cli = cliWith(names)
    expect(await cli.run(...words)).toBe(1)
    const [, suggestions = ''] = cli.err.text.split('Did you mean this?\n')
    expect(suggestions.split('\n').filter((line) => line !== '')).toEqual(near.map((name) => `\t${name}`))
  })

  it('is told without a suggestion when the server does not list its models', async () => {
    const cli = createTestCli({ client: { show: nothing, tags: nothing } })
    expect(await cli.run('show', 'smoll')).toBe(1)
    expect(cli.err.text).toBe("Error: model 'x' not found\n")
  })
})

describe('list', () => {
  const tags = async () => ({ models: [listed('llama3.2:latest'), listed('x:cloud', { remote_model: 'x' })] })

  it('filters by the beginning of the name in any case', async () => {
    const cli = createTestCli({ client: { tags } })
    expect(await cli.run('list', 'LLA', 'ignored')).toBe(0)
    expect(cli.out.text.split('\n').slice(1)).toEqual(['llama3.2:latest    abababababab    2.0 GB    2 weeks ago    ', ''])
  })

  it('shows no size for a model that is elsewhere', async () => {
    const cli = createTestCli({ client: { tags } })
    await cli.run('ls')
    expect(cli.out.text).toContain('x:cloud            abababababab    -         2 weeks ago    ')
  })

  it('prints JSON', async () => {
    const cli = createTestCli({ client: { tags } })
    await cli.run('list', '--json', 'x')
    expect(JSON.parse(cli.out.text)).toEqual({ models: [listed('x:cloud', { remote_model: 'x' })] })
  })
})

describe('ps', () => {
  const running = (name: string, size: number, size_vram: number, expires_at: string) => ({
    name,
    model: name,
    size,
    size_vram,
    digest: 'ab'.repeat(32),
    details,
    expires_at,
    context_length: 4096,
  })

  it('prints as Ollama does', async () => {
    const models = [
      running('llama3:latest', 6_000_000_000, 4_500_000_000, '2318-01-01T00:00:00Z'),
      running('b:latest', 600, 600, '2026-08-21T12:15:30Z'),
      running('c:latest', 600, 0, '2026-08-21T11:59:00Z'),
      running('d', 600, 900, '0001-01-01T00:00:00Z'),
    ]
    const cli = createTestCli({ client: { ps: async () => ({ models }) } })
    expect(await cli.run('ps')).toBe(0)
    expect(cli.out.text).toBe(
      'NAME             ID              SIZE     PROCESSOR          CONTEXT    UNTIL               \n' +
        'llama3:latest    abababababab    6 GB     25%/75% CPU/GPU    4096       Forever                \n' +
        'b:latest         abababababab    600 B    100% GPU           4096       15 minutes from now    \n' +
        'c:latest         abababababab    600 B    100% CPU           4096       Stopping...            \n' +
        'd                abababababab    600 B    Unknown            4096       Stopping...            \n',
    )
  })
})

describe('cp, rm and stop', () => {
  it('says what was copied', async () => {
    const cli = createTestCli({ client: { copy: async () => {} } })
    expect(await cli.run('cp', 'a', 'b')).toBe(0)
    expect(cli.out.text).toBe("copied 'a' to 'b'\n")
  })

  it('removes the others when one fails, and says so at the end', async () => {
    const cli = createTestCli({
      client: {
        show: async ({ model }) => {
          if (model === 'busy') throw answered(500, 'cannot')
          throw answered(404, `model '${model}:latest' not found`)
        },
        delete: async ({ model }) => {
          if (model === 'nope') throw answered(404, "model 'nope' not found")
        },
      },
    })
    expect(await cli.run('rm', 'a', 'nope', 'busy')).toBe(1)
    expect(cli.out.text).toBe("deleted 'a'\ndeleted 'busy'\n")
    expect(cli.err.text).toBe("Error: model 'nope' not found\nWarning: unable to stop model 'busy'\n")
  })

  it('unloads with a keep-alive of zero and prints nothing', async () => {
    const asked: unknown[] = []
    const cli = createTestCli({
      client: {
        show: async () => shown(),
        generate: (request) => {
          asked.push(request)
          return parts({ model: 'm', created_at: '', response: '', done: true })
        },
      },
    })
    expect(await cli.run('stop', 'm')).toBe(0)
    expect(asked).toEqual([{ model: 'm', keep_alive: 0 }])
    expect(cli.out.text + cli.err.text).toBe('')
  })

  it('cannot stop what it does not find', async () => {
    const cli = createTestCli({
      client: {
        show: async () => {
          throw answered(404, "model 'm:latest' not found")
        },
      },
    })
    expect(await cli.run('stop', 'm')).toBe(1)
    expect(cli.err.text).toBe('Error: couldn\'t find model "m" to stop\n')
  })
})

describe('show', () => {
  it('prints the sections of a model', async () => {
    const cli = createTestCli({ client: { show: async () => shown() } })
    expect(await cli.run('show', 'm')).toBe(0)
    expect(cli.out.text).toBe(
      '  Model\n    architecture        llama    \n    parameters          1K       \n    context length      2048     \n' +
        '    embedding length    32       \n    quantization        F16      \n\n' +
        '  Capabilities\n    completion    \n\n' +
        '  Parameters\n    stop           "<|x|>"    \n    stop           "<|y|>"    \n    temperature    0.5        \n\n' +
        '  System\n    You are a cat    \n\n' +
        '  License\n    Line one of license    \n    Line two               \n    ...                    \n\n',
    )
  })

  it('prints one part as it stands', async () => {
    const cli = createTestCli({ client: { show: async () => shown() } })
    await cli.run('show', 'm', '--system')
    expect(cli.out.text).toBe('You are a cat')
    cli.out.reset()
    await cli.run('show', 'm', '--license')
    expect(cli.out.text).toBe('Line one of license\n\nLine two\nthree\n')
  })

  it('prints metadata and tensors when it is asked to', async () => {
    const asked: unknown[] = []
    const cli = createTestCli({
      client: {
        show: async (request) => {
          asked.push(request)
          return {
            ...shown(),
            model_info: {
              'general.architecture': 'llama',
              'a.list': ['<unk>', 'x', 'y'],
              'a.flag': true,
              'a.none': null,
              'a.big': 134515008,
            },
            tensors: [{ name: 'token_embd.weight', type: 'F16', shape: [32, 32] }],
          }
        },
      },
    })
    await cli.run('show', '-v', 'm')
    expect(asked).toEqual([{ model: 'm', verbose: true }])
    expect(cli.out.text).toContain('    a.list                  [<unk> x ...+1 more]    \n')
    expect(cli.out.text).toContain(
      '    a.big                   1.34515008e+08          \n    a.flag                  true                    \n',
    )
    expect(cli.out.text).toContain('  Tensors\n    token_embd.weight    F16    [32 32]    \n')
  })
})

describe('pull and push', () => {
  it('prints plain lines where there is no terminal', async () => {
    const asked: unknown[] = []
    const cli = createTestCli({
      client: {
        pull: (request) => {
          asked.push(request)
          const layer = { status: 'pulling dde5aa3fc5ff', digest: `sha256:dde5aa3fc5ff${'0'.repeat(52)}`, total: 100 }
          return parts<ProgressBody>(
            { status: 'pulling manifest' },
            layer,
            { ...layer, completed: 55 },
            { ...layer, completed: 100 },
            { status: 'success' },
          )
        },
      },
    })
    expect(await cli.run('pull', 'm', '--insecure')).toBe(0)
    expect(asked).toEqual([{ model: 'm', insecure: true }])
    expect(cli.err.text).toBe('pulling manifest\npulling dde5aa3fc5ff: 55%\npulling dde5aa3fc5ff: 100%\nsuccess\n')
    expect(cli.out.text).toBe('')
  })

  it('ask for a limit of the rate in bytes', async () => {
    const asked: unknown[] = []
    const take = (request: unknown) => {
      asked.push(request)
      return parts<ProgressBody>({ status: 'success' })
    }
    const cli = createTestCli({ client: { pull: take, push: take } })
    expect(await cli.run('pull', 'm', '--limit-rate', '1.5M')).toBe(0)
    expect(await cli.run('push', '--limit-rate=500kB/s', 'm')).toBe(0)
    expect(asked).toEqual([
      { model: 'm', limit_rate: 1_500_000 },
      { model: 'm', limit_rate: 500_000 },
    ])
    for (const rate of ['0', 'fast', '']) expect(await cli.run('pull', 'm', `--limit-rate=${rate}`)).toBe(1)
    expect(asked).toHaveLength(2)
    expect(cli.err.text).toContain('Error: invalid value for --limit-rate: "fast" (must be bytes per second, like 500k or 2 MB)')
  })

  it('puts the status before an error that came before the stream, and not before a later one', async () => {
    const cli = createTestCli({
      client: {
        pull: async function* ({ model }) {
          if (model === 'early') throw answered(400, 'invalid model name')
          yield { status: 'pulling manifest' }
          throw answered(200, 'pull model manifest: file does not exist')
        },
      },
    })
    expect(await cli.run('pull', 'early')).toBe(1)
    expect(cli.err.text).toBe('Error: 400 Bad Request: invalid model name\n')
    cli.err.reset()
    expect(await cli.run('pull', 'late')).toBe(1)
    expect(cli.err.text).toBe('pulling manifest\nError: pull model manifest: file does not exist\n')
  })

  it.each([
    [['pull', 'm'], "Stopped. What has arrived is kept: 'ollama pull m' goes on from there.\n"],
    [['push', 'm'], "Stopped. Layers that have arrived are not sent again: 'ollama push m' goes on.\n"],
    [['pull', '--all'], "Stopped. What has arrived is kept: 'ollama pull --all' goes on from there.\n"],
  ])('ends %j on Ctrl-C, says what remains, and tells a script', async (words, note) => {
    const asked: string[] = []
    const transfer: Client['pull'] = async function* ({ model }, signal) {
      asked.push(model)
      yield { status: 'pulling manifest' }
      cli.interrupt()
      if (signal?.aborted) throw new AppError('cancelled', 'request canceled')
    }
    const origins: Client['origins'] = async () => ({ models: ['a', 'b'].map((name) => ({ name, origin: 'registry' as const })) })
    const cli = createTestCli({ client: { pull: transfer, push: transfer, origins } })
    expect(await cli.run(...words)).toBe(130)
    expect(asked).toHaveLength(1)
    expect(cli.err.text.endsWith(`pulling manifest\n${note}`)).toBe(true)
  })

  it('does not take the end of the stream for success', async () => {
    const cli = createTestCli({ client: { pull: () => parts({ status: 'pulling manifest' }) } })
    expect(await cli.run('pull', 'm')).toBe(1)
  })

  it.each([
    ['me/m', 'https://ollama.com/me/m'],
    ['me/m:7b', 'https://ollama.com/me/m:7b'],
    ['localhost:5000/me/m', 'localhost:5000/me/m:latest'],
  ])('says where %s can be found', async (model, place) => {
    const cli = createTestCli({ client: { push: () => parts({ status: 'pushing manifest' }, { status: 'success' }) } })
    expect(await cli.run('push', model)).toBe(0)
    expect(cli.out.text).toBe(`\nYou can find your model at:\n\n\t${place}\n`)
  })
})

function shown() {
  return {
    license: 'Line one of license\n\nLine two\nthree',
    modelfile: 'FROM x',
    parameters: 'stop                           "<|x|>"\nstop                           "<|y|>"\ntemperature                    0.5',
    template: '{{ .Prompt }}',
    system: 'You are a cat',
    details,
    model_info: { 'general.architecture': 'llama', 'llama.context_length': 2048, 'llama.embedding_length': 32 },
    capabilities: ['completion'],
    modified_at: '2026-08-07T12:00:00Z',
  }
}
