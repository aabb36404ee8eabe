import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatRequestBody, ChatResponseBody } from '../../api/chat.ts'
import type { Client } from '../../api/client.ts'
import type { CreateRequestBody } from '../../api/create.ts'
import type { ShowRequestBody, ShowResponseBody } from '../../api/models.ts'
import { AppError } from '../../base/errors.ts'
import { createTestCli, parts, type TestCliShape } from '../testing/fakes.ts'
import { createScreen } from '../testing/screen.ts'

const SHOWN: ShowResponseBody = {
  details: { parent_model: '', format: 'gguf', family: 'llama', families: null, parameter_size: '', quantization_level: '' },
  model_info: {},
  modified_at: '',
  capabilities: ['completion'],
}
const message = (content: string, fields: Partial<ChatResponseBody> = {}): ChatResponseBody => ({
  model: 'm',
  created_at: '',
  message: { role: 'assistant', content },
  done: false,
  ...fields,
})

let home: string
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'home-'))
})
afterEach(() => rm(home, { recursive: true }))

/** A chat on a terminal. `say` types a line and gives what appears until the next prompt. */
async function startChat(shape: TestCliShape & { shown?: Partial<ShowResponseBody>; flags?: string[] } = {}) {
  const chats: ChatRequestBody[] = []
  const client: Partial<Client> = {
    show: async () => ({ ...SHOWN, ...shape.shown }),
    generate: () => parts({ model: 'm', created_at: '', response: '', done: true }),
    chat: (request) => {
      chats.push(structuredClone(request))
      return parts(message(`reply ${chats.length}`), message('', { done: true }))
    },
    ...shape.client,
  }
  const cli = createTestCli({ ...shape, client, terminal: true, input: { isTTY: true }, config: { home, ...shape.config } })
  let status: number | undefined
  const ended = cli.run('run', 'm', ...(shape.flags ?? [])).then((code) => {
    status = code
  })
  const prompt = async (): Promise<void> => {
    while (status === undefined && !/(>>>|\.\.\.) \x1b\[38;5;245m(Send|Press)[^\n]*$/.test(cli.out.text)) await new Promise(setImmediate)
  }
  const say = async (text: string): Promise<string> => {
    cli.out.reset()
    cli.err.reset()
    cli.input.type(text)
    await prompt()
    return plain(cli.out.text)
  }
  await prompt()
  const end = async (): Promise<number | undefined> => {
    await ended
    return status
  }
  return { cli, chats, say, ended: end }
}

function plain(text: string): string {
  const screen = createScreen(80)
  screen.write(text)
  return screen.rows.join('\n')
}

describe('the chat', () => {
  it('keeps what was said and ends on Ctrl-D', async () => {
    const chat = await startChat({ flags: ['--system', 'be brief'] })
    expect(chat.cli.input.raw).toBe(true)
    expect(await chat.say('hello\r')).toBe('>>> hello\nreply 1\n\n>>> Send a message (/? for help)')
    await chat.say('again\r')
    expect(chat.chats[1]).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'reply 1' },
        { role: 'user', content: 'again' },
      ],
    })
    chat.cli.input.type('\x04')
    expect(await chat.ended()).toBe(0)
    expect(chat.cli.input.raw).toBe(false)
    expect(chat.cli.out.text.endsWith('\x1b[?2004l')).toBe(true)
  })

  it('ends when the terminal goes away', async () => {
    const chat = await startChat()
    chat.cli.input.end()
    expect(await chat.ended()).toBe(0)
  })

  it('replays the messages of the model and does not send them', async () => {
    const messages = [
      { role: 'user', content: 'How are you?' },
      { role: 'assistant', content: 'Fine.' },
    ]
    const chat = await startChat({ shown: { messages } })
    expect(plain(chat.cli.out.text)).toContain('>>> How are you?\nFine.\n\n>>> ')
    await chat.say('hi\r')
    expect(chat.chats[0]?.messages).toEqual([{ role: 'user', content: 'hi' }])
  })

  it('takes a text between three quotes as one message', async () => {
    const chat = await startChat()
    expect(await chat.say('"""one\r')).toContain('... Press Enter to send')
    await chat.say('/bye\r')
    await chat.say('two"""\r')
    expect(chat.chats[0]?.messages?.[0]?.content).toBe('one\n/bye\ntwo')
    await chat.say('"""same line"""\r')
    expect(chat.chats[1]?.messages?.[2]?.content).toBe('same line')
  })

  it('drops an open text on Ctrl-C', async () => {
    const chat = await startChat()
    await chat.say('"""one\r')
    expect(await chat.say('\x03')).toContain('Use Ctrl + d or /bye to exit.\n>>> ')
    await chat.say('two\r')
    expect(chat.chats[0]?.messages?.[0]?.content).toBe('two')
  })

  it('takes pasted lines as one message, also when they begin like a command', async () => {
    const chat = await startChat()
    await chat.say('\x1b[200~/bye\nnow\x1b[201~\r')
    expect(chat.chats[0]?.messages?.[0]?.content).toBe('/bye\nnow')
  })

  it('stops a reply on Ctrl-C and goes on without it', async () => {
    const stopped: boolean[] = []
    const chat = await startChat({
      client: {
        chat: async function* (_request, signal) {
          yield message('begin')
          if (stopped.length === 0) {
            chat.cli.input.type('typed ahead\x03')
            stopped.push(signal?.aborted === true)
            throw new AppError('cancelled', 'request canceled')
          }
          yield message('', { done: true })
        },
      },
    })
    expect(await chat.say('go\r')).toContain('begin\n\n>>> Send')
    expect(stopped).toEqual([true])
    expect(await chat.say('on\r')).toContain('begin\n\n>>> ')
  })

  it.each(['at the prompt', 'while a reply arrives'])('stops on Ctrl-Z %s with the terminal as it was, and goes on', async (place) => {
    const raw: boolean[] = []
    const chat = await startChat({
      onSuspend: () => raw.push(chat.cli.input.raw),
      client: {
        chat: async function* () {
          yield message('begin ')
          if (place !== 'at the prompt') chat.cli.input.type('\x1a')
          yield message('end', { done: true })
        },
      },
    })
    if (place === 'at the prompt') chat.cli.input.type('\x1a')
    expect(await chat.say('go\r')).toContain('begin end\n\n>>> ')
    expect(raw).toEqual([false])
    expect(chat.cli.input.raw).toBe(true)
  })

  it('follows the terminal when it gets another size', async () => {
    const chat = await startChat()
    chat.cli.input.type('half')
    chat.cli.out.reset()
    chat.cli.resize()
    expect(plain(chat.cli.out.text)).toBe('>>> half')
    await chat.say(' a line\r')
    chat.cli.out.reset()
    chat.cli.input.type('\x04')
    await chat.ended()
    chat.cli.out.reset()
    chat.cli.resize()
    expect(chat.cli.out.text).toBe('')
  })

  it.each([
    [true, '\x1b[38;5;245mSend'],
    [false, '\x1b[2mSend'],
  ])('shows the placeholder where colours are wanted: %s', async (color, placeholder) => {
    const cli = createTestCli({
      color,
      terminal: true,
      input: { isTTY: true },
      config: { home },
      client: { show: async () => SHOWN, generate: () => parts({ model: 'm', created_at: '', response: '', done: true }) },
    })
    const ended = cli.run('run', 'm')
    while (!cli.out.text.includes('Send')) await new Promise(setImmediate)
    expect(cli.out.text).toContain(placeholder)
    cli.input.type('\x04')
    expect(await ended).toBe(0)
  })

  it('prints an error, forgets the message that caused it, and goes on', async () => {
    let fail = true
    const asked: number[] = []
    const chat = await startChat({
      client: {
        chat: async function* ({ messages = [] }) {
          asked.push(messages.length)
          if (fail) throw new AppError('internal', '"m" does not support thinking', { details: { status: 400 } })
          yield message('ok', { done: true })
        },
      },
    })
    await chat.say('one\r')
    expect(chat.cli.err.text).toContain('error: 400 Bad Request: "m" does not support thinking\n')
    fail = false
    await chat.say('two\r')
    expect(asked).toEqual([1, 1])
  })

  it('ends with an error when the server is gone', async () => {
    const chat = await startChat({
      client: {
        chat: async function* () {
          yield* []
          throw new AppError('internal', 'fetch failed', { details: { unreachable: true } })
        },
      },
    })
    chat.cli.input.type('one\r')
    expect(await chat.ended()).toBe(1)
    expect(chat.cli.err.text).toContain('Error: could not connect to ollama server')
  })

  it('remembers lines for the next time, unless it may not', async () => {
    const first = await startChat({ config: { noHistory: false } })
    await first.say('one\r')
    await first.say('/set nohistory\r')
    await first.say('secret\r')
    first.cli.input.type('/bye\r')
    expect(await first.ended()).toBe(0)
    const second = await startChat({ config: { noHistory: false } })
    expect(await second.say('\x10\x10\r')).toContain('>>> one\n')
  })

  it('opens an editor on what was typed', async () => {
    const seen: string[] = []
    const chat = await startChat({
      config: { editor: 'edit -w' },
      processes: {
        runEditor: async (command, file) => {
          const { readFile, writeFile } = await import('node:fs/promises')
          seen.push(command, await readFile(file, 'utf8'), String(chat.cli.input.raw))
          await writeFile(file, 'from\nthe editor\n')
        },
      },
    })
    chat.cli.input.type('draft\x07')
    while (!chat.cli.out.text.includes('the editor')) await new Promise(setImmediate)
    await chat.say('\r')
    expect(seen).toEqual(['edit -w', 'draft', 'false'])
    expect(chat.chats[0]?.messages?.[0]?.content).toBe('from\nthe editor')
  })
})

describe('the commands of the chat', () => {
  it.each([
    ['/foo bar', "Unknown command '/foo'. Type /? for help\n"],
    ['/set x', "Unknown command '/set x'. Type /? for help\n"],
    ['/show x', "Unknown command '/show x'. Type /? for help\n"],
    ['/set parameter num_ctx 512', "Set parameter 'num_ctx' to '512'\n"],
    ['/set parameter stop a b', "Set parameter 'stop' to 'a, b'\n"],
    ['/set parameter foo 1', "Couldn't set parameter: \"unknown parameter 'foo'\"\n"],
    ['/set parameter top_k x', 'Couldn\'t set parameter: "invalid int value [x]"\n'],
    ['/set verbose', "Set 'verbose' mode.\n"],
    ['/set nowordwrap', "Set 'nowordwrap' mode.\n"],
    ['/set format json', "Set format to 'json' mode.\n"],
    ['/set format', "Invalid or missing format. For 'json' mode use '/set format json'\n"],
    ['/set noformat', 'Disabled format.\n'],
    ['/set think', "Set 'think' mode.\n"],
    ['/set think high', "Set 'think' mode to 'high'.\n"],
    ['/set nothink', "Set 'nothink' mode.\n"],
    ['/set system be a cat', 'Set system message.\n'],
    ['/clear', 'Cleared session context\n'],
    ['/load', 'Usage:\n  /load <modelname>\n'],
    ['/save a b', 'Usage:\n  /save <modelname>\n'],
    ['/save bad//name', "error: The model name 'bad//name' is invalid\n"],
    ['/show license', 'No license was specified for this model.\n'],
    ['/show system', 'No system message was specified for this model.\n'],
    ['/show template', 'No prompt template was specified for this model.\n'],
    ['/show parameters', 'Model defined parameters:\n  No additional parameters were specified for this model.\n\n'],
  ])('answers %s', async (line, answer) => {
    const chat = await startChat()
    expect(await chat.say(`${line}\r`)).toBe(`>>> ${line}\n${answer}>>> Send a message (/? for help)`)
  })

  it('applies what was set', async () => {
    const chat = await startChat({ shown: { capabilities: ['completion', 'thinking'] } })
    for (const line of ['/set parameter num_ctx 512', '/set format json', '/set think low']) await chat.say(`${line}\r`)
    await chat.say('/set system """two\r')
    await chat.say('lines"""\r')
    await chat.say('/set system one\r')
    await chat.say('x\r')
    expect(chat.chats[0]).toEqual({
      model: 'm',
      options: { num_ctx: 512 },
      format: 'json',
      think: 'low',
      messages: [
        { role: 'system', content: 'one' },
        { role: 'user', content: 'x' },
      ],
    })
    await chat.say('/clear\r')
    await chat.say('y\r')
    expect(chat.chats[1]?.messages).toEqual([
      { role: 'system', content: 'one' },
      { role: 'user', content: 'y' },
    ])
  })

  it('warns that a model does not think', async () => {
    const chat = await startChat()
    await chat.say('/set think\r')
    expect(chat.cli.err.text).toBe('warning: model "m" does not support thinking output\n')
  })

  it('shows the model with what was set', async () => {
    const asked: ShowRequestBody[] = []
    const chat = await startChat({
      client: {
        show: async (request) => {
          asked.push(request)
          return { ...SHOWN, parameters: 'top_k                          3', modelfile: 'FROM x' }
        },
      },
    })
    await chat.say('/set system cat\r')
    await chat.say('/set parameter stop a b\r')
    expect(await chat.say('/show parameters\r')).toContain(
      'Model defined parameters:\n  top_k                          3\n\nUser defined parameters:\n  stop                           [a b]\n\n>>> ',
    )
    expect(asked.at(-1)).toEqual({ model: 'm', system: 'cat', options: { stop: ['a', 'b'] } })
    expect(await chat.say('/show modelfile\r')).toContain('\nFROM x\n>>> ')
    await chat.say('/show info\r')
    expect(chat.cli.err.text).toContain('  Model\n')
  })

  it('goes on with another model, or with the same when there is no such one', async () => {
    const chat = await startChat({
      client: {
        show: async ({ model }) => {
          if (model === 'nope') throw new AppError('internal', 'x', { details: { status: 404 } })
          return SHOWN
        },
      },
    })
    await chat.say('/set system Be brief.\r')
    await chat.say('one\r')
    expect(await chat.say('/load nope\r')).toContain("Loading model 'nope'\nCouldn't find model 'nope'\n>>> ")
    await chat.say('two\r')
    await chat.say('/load other\r')
    await chat.say('three\r')
    expect(chat.chats.map(({ model, messages }) => [model, messages?.length])).toEqual([
      ['m', 2],
      ['m', 4],
      ['other', 1],
    ])
    await chat.say('/clear\r')
    await chat.say('four\r')
    expect(chat.chats.at(-1)?.messages).toEqual([{ role: 'user', content: 'four' }])
  })

  it('saves the chat as a model', async () => {
    const created: CreateRequestBody[] = []
    const chat = await startChat({
      shown: { messages: [{ role: 'user', content: 'example' }] },
      client: {
        create: (request) => {
          created.push(request)
          return parts({ status: 'success' })
        },
      },
    })
    await chat.say('/set parameter seed 1\r')
    await chat.say('hi\r')
    expect(await chat.say('/save mine\r')).toContain("Created new model 'mine'\n")
    expect(created).toEqual([
      {
        model: 'mine',
        from: 'm',
        parameters: { seed: 1 },
        messages: [
          { role: 'user', content: 'example' },
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'reply 1' },
        ],
      },
    ])
  })

  it.each([
    ['/?', '/load <model>'],
    ['/help set', '/set parameter ...'],
    ['/? show', '/show info'],
    ['/? shortcuts', 'Ctrl + g'],
    ['/set', '/set system <string>'],
    ['/show', '/show license'],
    ['/set parameter', '/set parameter seed <int>'],
  ])('prints help for %s on standard error', async (line, part) => {
    const chat = await startChat()
    await chat.say(`${line}\r`)
    expect(chat.cli.err.text).toContain(part)
  })

  it('leaves on /bye and on /exit', async () => {
    for (const line of ['/bye\r', '/exit\r']) {
      const chat = await startChat()
      chat.cli.input.type(line)
      expect(await chat.ended()).toBe(0)
    }
  })
})
