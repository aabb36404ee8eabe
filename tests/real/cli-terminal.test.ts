import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSmol } from '../support/models.ts'
import { program } from '../support/paths.ts'
import { cleanEnvironment, startServer, type TestServer } from '../support/server.ts'

/** Node opens no pseudo-terminals; Python's standard library does, and passes everything through. */
const TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'
const PROMPT = '\x1b[38;5;245mSend a message (/? for help)'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url, 'smol', { parameters: { temperature: 0 } })
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

it('chats on a terminal, stops a reply on Ctrl-C, and leaves the terminal as it was', async () => {
  const environment = { ...cleanEnvironment(), HOME: server.home, LLAMERO_HOME: server.home, OLLAMA_HOST: new URL(server.url).host }
  const child = spawn('python3', ['-c', TERMINAL, process.execPath, program, 'run', 'smol'], { env: { ...environment, TERM: 'xterm' } })
  const screen = watch(child)
  await screen.until(PROMPT)
  child.stdin.write('/set parameter num_predict 8\r')
  await screen.until("Set parameter 'num_predict' to '8'")
  await screen.until(PROMPT)
  child.stdin.write('Say hello.')
  await screen.until('Say hello.')
  child.stdin.write('\r')
  expect((await screen.until(PROMPT)).replace(/\x1b\[[?0-9;]*[A-Za-z]/g, '')).toMatch(/[a-z]{2,}.*\r\n\r\n/)

  child.stdin.write('/set parameter num_predict 2000\r')
  await screen.until(PROMPT)
  child.stdin.write('Count from one to one thousand in words.\r')
  await screen.until('in words.\r\n')
  await screen.until(' ')
  child.stdin.write('\x03')
  await screen.until(PROMPT)
  child.stdin.write('/bye\r')
  const [status] = (await once(child, 'close')) as [number | null]
  expect(status).toBe(0)
  expect(screen.rest().endsWith('\x1b[?2004l')).toBe(true)
})

/** What the terminal shows: `until` gives everything up to a text, and goes on behind it. */
function watch(child: ChildProcessWithoutNullStreams): { until(text: string): Promise<string>; rest(): string } {
  let seen = ''
  let wake = () => {}
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text
    wake()
  })
  child.on('exit', () => wake())
  return {
    async until(text) {
      while (!seen.includes(text)) {
        if (child.exitCode !== null)
          throw new Error(`the program ended with ${child.exitCode} before it showed ${JSON.stringify(text)}: ${seen}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const end = seen.indexOf(text) + text.length
      const before = seen.slice(0, end)
      seen = seen.slice(end)
      return before
    },
    rest: () => seen,
  }
}
