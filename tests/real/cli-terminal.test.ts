// The command line in a real terminal.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FaultRegistry, modelOf, startFaultRegistry } from '../support/fault-registry.ts'
import { createSmol } from '../support/models.ts'
import { program } from '../support/paths.ts'
import { cleanEnvironment, startServer, type TestServer } from '../support/server.ts'
import { missingTmux, openTerminal, type Terminal } from '../support/terminal.ts'

const PROMPT = '>>> Send a message (/? for help)'

describe.skipIf(missingTmux() !== undefined)('in a terminal', () => {
  let server: TestServer
  let home: string
  let terminal: Terminal
  beforeAll(async () => {
    home = mkdtempSync(path.join(os.tmpdir(), 'llamero-terminal-'))
    server = await startServer()
    await createSmol(server.url, 'smol', { parameters: { temperature: 0, num_predict: 8 } })
  })
  afterEach(async () => {
    await terminal.close()
  })
  afterAll(async () => {
    await server.stop()
    server.clean()
    rmSync(home, { recursive: true, force: true })
  })

  const open = async (words: string[], size: { columns?: number; rows?: number } = {}): Promise<Terminal> => {
    const environment = { ...cleanEnvironment(), HOME: home, LLAMERO_HOME: home, OLLAMA_HOST: new URL(server.url).host }
    // The status line of a shell behind it tells the exit status, and that the terminal is as it was.
    const script = 'trap : INT; "$@"; status=$?; stty -a | grep -q " icanon" && echo "ended with $status"; cat -v'
    terminal = await openTerminal(['sh', '-c', script, 'sh', process.execPath, program, ...words], { environment, ...size })
    return terminal
  }
  const submit = (text: string): void => {
    terminal.type(text)
    terminal.press('Enter')
  }

  it('chats, stops a reply on Ctrl-C, and leaves the terminal as it was', async () => {
    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    submit('Say hello.')
    expect(await terminal.until(/>>> Say hello\.\n[^>]*[a-z]{2,}[^>]*\n\n>>> Send/)).toHaveLength(4)
    submit('/set parameter num_predict 4000')
    await terminal.until("Set parameter 'num_predict' to '4000'")
    submit('Count from one to one thousand in words.')
    await terminal.until(/in words\.\n[^\n]*[a-z]/)
    terminal.press('C-c')
    await terminal.until(/in words\.\n[\s\S]*\n\n>>> Send a message/)
    submit('/bye')
    await terminal.until('ended with 0')
    terminal.paste('plain')
    expect((await terminal.until(/plain$/)).at(-1)).toBe('plain')
  })

  it('says how to leave on Ctrl-C, and leaves on Ctrl-D', async () => {
    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    terminal.type('half a line')
    await terminal.until('half a line')
    terminal.press('C-c')
    expect(await terminal.until(/bye to exit\.\n>>> Send/)).toEqual(['>>> half a line', 'Use Ctrl + d or /bye to exit.', PROMPT])
    terminal.press('C-d')
    await terminal.until('ended with 0')
  })

  it('edits what is typed by keys, whole characters at a time', async () => {
    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    terminal.type('one 日本 👩‍👩‍👧é')
    await terminal.until('é')
    expect(terminal.cursor().column).toBe('>>> one '.length + 4 + 1 + 2 + 1)
    terminal.press('Left', 'BSpace')
    await terminal.until(/^>>> one 日本 é$/)
    terminal.press('M-b', 'Right', 'DC', 'C-a')
    terminal.type('x')
    await terminal.until(/^>>> xone 日 é$/)
    terminal.press('C-e', 'C-w', 'M-b', 'C-k')
    await terminal.until(/^>>> xone$/)
    terminal.press('C-u', 'Tab')
    terminal.type('y')
    await terminal.until(/^>>> {9}y$/)
    terminal.press('C-l')
    await terminal.until(/^>>> {9}y$/)
  })

  it('keeps what was typed for the next time, also texts of several lines', async () => {
    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    terminal.type('first')
    await terminal.until(/>>> first$/)
    terminal.press('C-j')
    terminal.type('second')
    await terminal.until('>>> first\n... second')
    terminal.press('Enter')
    await terminal.until(/second\n[\s\S]*\n\n>>> Send/)
    submit('"""third')
    await terminal.until('... Press Enter to send')
    submit('fourth"""')
    await terminal.until(/fourth"""\n[\s\S]*\n\n>>> Send/)
    submit('/bye')
    await terminal.until('ended with 0')
    await terminal.close()
    expect(readFileSync(path.join(home, 'history'), 'utf8')).toMatch(/first\\nsecond\n"""third\nfourth"""\n\/bye\n$/)

    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    terminal.press('Up', 'Up', 'Up', 'Up')
    await terminal.until(/^>>> first\n\.\.\. second$/)
    terminal.press('C-n', 'C-n')
    await terminal.until(/^>>> fourth"""$/)
  })

  it('takes a paste of several lines as one message, without its escape sequences', async () => {
    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    terminal.paste('/bye one\n\ttwo\x07\nthree')
    expect(await terminal.until('... three')).toEqual(['>>> /bye one', '...         two', '... three'])
    terminal.press('Enter')
    await terminal.until(/three\n[^\n]*[a-z][\s\S]*\n\n>>> Send/)
  })

  it('draws the line again when the terminal gets another size', async () => {
    await open(['run', 'smol'])
    await terminal.until(PROMPT)
    terminal.type('0123456789'.repeat(9))
    await terminal.until(/\n\.\.\. \d{14}$/)
    terminal.resize(44, 10)
    expect(await terminal.until(/\n\.\.\. \d{10}$/)).toHaveLength(3)
    terminal.resize(100, 10)
    expect(await terminal.until(/\d{90}/)).toEqual([`>>> ${'0123456789'.repeat(9)}`])
  })

  it('wraps a reply at words', async () => {
    await open(['run', 'smol', '-o', 'num_predict=60', 'Tell a story about a llama.'], { columns: 30 })
    const rows = (await terminal.until('ended with 0')).slice(0, -1)
    expect(rows.length).toBeGreaterThan(5)
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(25)
  })

  it('lets the user choose a model when it is called alone', async () => {
    await open([])
    expect(await terminal.until('esc leave')).toEqual([
      expect.stringMatching(/^ {2}NAME +ID +SIZE +MODIFIED$/),
      expect.stringMatching(/^> smol:latest /),
      '↑/↓ choose • enter chat • esc leave',
    ])
    terminal.press('Down', 'Up', 'Enter')
    expect(await terminal.until(PROMPT)).toEqual([PROMPT])
    terminal.press('C-d')
    await terminal.until('ended with 0')
  })

  describe.each([
    ['bash', ['--norc'], 'source <(llamero completion bash)'],
    ['zsh', ['-f'], 'autoload -Uz compinit; compinit -u -D; source <(llamero completion zsh)'],
    ['fish', ['--no-config'], 'llamero completion fish | source'],
  ])('completion in %s', (shell, flags, load) => {
    it.skipIf(spawnSync(shell, ['--version']).status !== 0)('completes verbs, flags and names with colons on Tab', async () => {
      const folder = path.join(home, shell)
      mkdirSync(folder)
      symlinkSync(program, path.join(folder, 'llamero'))
      const environment = {
        ...cleanEnvironment(),
        HOME: folder,
        PATH: `${folder}:${process.env.PATH}`,
        OLLAMA_HOST: new URL(server.url).host,
        PS1: '$ ',
      }
      terminal = await openTerminal([shell, ...flags], { environment })
      submit(`${load}; clear; echo rea''dy`)
      await terminal.until(/^ready/)
      terminal.type('llamero sho')
      terminal.press('Tab')
      await terminal.until(/llamero show$/)
      terminal.type('smol:la')
      terminal.press('Tab')
      await terminal.until('llamero show smol:latest')
      terminal.type(' --modelf')
      terminal.press('Tab')
      await terminal.until(/llamero show smol:latest +--modelfile/)
      terminal.press('C-u')
      terminal.type('llamero run smol --think=me')
      terminal.press('Tab')
      await terminal.until('llamero run smol --think=medium')
    })
  })

  describe('a pull', () => {
    let registry: FaultRegistry
    beforeAll(async () => {
      // Half of the weights arrive, and then nothing more.
      registry = await startFaultRegistry(modelOf(Buffer.alloc(4_000_000, 'x')), ({ wanted, method }) => {
        if (!wanted || method !== 'GET' || wanted.blob.length < 1000) return undefined
        return (_, reply) => {
          const { blob, start, end } = wanted
          reply.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${blob.length}`, 'content-length': end - start })
          reply.write(blob.subarray(start, Math.max(Math.min(2_000_000, end), start)))
        }
      })
    })
    afterAll(() => registry.close())

    it('draws a bar that fits, and says on Ctrl-C that what arrived is kept', async () => {
      await open(['pull', `${registry.host}/a/b`, '--insecure'], { columns: 70, rows: 10 })
      await terminal.until(/^pulling manifest\npulling [0-9a-f]{12}: {2}50% ▕█+ +▏ {3}2 MB\/ {2}4 MB/)
      terminal.resize(40, 10)
      await terminal.until(/^pulling manifest\npulling [0-9a-f]{12}: {2}50% 2 MB\/4 MB$/)
      terminal.press('C-c')
      const rows = await terminal.until('ended with 130')
      expect(rows.slice(2).join('')).toContain(`Stopped. What has arrived is kept: 'llamero pull ${registry.host}/a/b' goes on from there.`)
    })
  })
})
