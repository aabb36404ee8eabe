// The web console in a real browser, over a real server with a small real model and with models whose lines are written. Everything that the browser
// asks for and complains of is watched: no request may leave the server's origin, and nothing may be wrong.

import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startLibrary } from '../clients/library.ts'
import { createScripted, createSpeaker } from '../clients/scripted.ts'
import { missingChromium, startChromium } from '../support/chromium.ts'
import { createSmol, post } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HOSTILE = '<img src=x onerror="document.title=\'caught\'"> <script>document.title="caught"</script> [a](javascript:alert(1))'

/** Others may have the cores. */
const WAIT_MS = 90_000
const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

describe.skipIf(missingChromium() !== undefined)('the console', () => {
  let server: TestServer
  let browser: Browser
  let context: BrowserContext | undefined
  let complaints: string[] = []
  let foreign: string[] = []

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startServer(), startChromium()])
    await createSmol(server.url)
    await createScripted(server.url)
    await createSpeaker(server.url, 'hostile', { reply: [HOSTILE, '\n\n```html\n<b>code</b>\n```\n', 'It is **over**.', '~'] })
  })
  afterEach(async () => {
    await context?.close()
    expect(foreign).toEqual([])
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    server?.clean()
  })

  async function open(url = `${server.url}/console`, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    complaints = []
    foreign = []
    context = await browser.newContext(options)
    context.setDefaultTimeout(WAIT_MS)
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) foreign.push(request.url())
    })
    await page.goto(url)
    return page
  }

  const choose = (page: Page, model: string) => page.getByRole('combobox', { name: 'Model' }).selectOption(`${model}:latest`)
  const field = (page: Page) => page.getByLabel('Your question', { exact: true })
  async function ask(page: Page, text: string): Promise<void> {
    await field(page).fill(text)
    await field(page).press('Enter')
  }
  const replies = (page: Page) => page.getByRole('article', { name: /^Reply of/ })
  const finished = (page: Page) => replies(page).last().getByText('tokens/s').waitFor()

  describe('chat', () => {
    it('streams the reply of a real model, tells its figures, and has the talk again after a reload', async () => {
      const page = await open()
      await choose(page, 'smol')
      await page.getByText('Settings').click()
      await page.getByLabel('Temperature').fill('0')
      await page.getByLabel('Longest reply').fill('16')
      await page.getByLabel('System prompt').fill('You are terse.')
      await ask(page, 'Say hello.')
      await finished(page)
      const said = await replies(page).last().locator('.markdown').textContent()
      expect(said?.trim()).toBeTruthy()
      expect(await replies(page).last().textContent()).toMatch(/16 tokens · [\d.]+ tokens\/s · first after .* · prompt \d+ tokens/)
      expect(await replies(page).last().textContent()).toContain('cut off')
      await page.reload()
      await page.getByRole('heading', { name: 'Say hello.' }).waitFor()
      expect(await replies(page).last().locator('.markdown').textContent()).toBe(said)
      expect(await page.getByText('Settings: system prompt, temperature 0, longest reply 16').count()).toBe(1)
    })

    it('is stopped by Escape, and the server stops with it', async () => {
      const page = await open()
      await choose(page, 'smol')
      await page.getByText('Settings').click()
      await page.getByLabel('Longest reply').fill('4000')
      await ask(page, 'Tell me a very long story about the sea.')
      await replies(page).last().locator('.markdown').waitFor()
      await field(page).press('Escape')
      await page.getByText('Stopped here.').waitFor()
      // The slot is free: an answer to somebody else is whole, and the log has the cancelled one.
      await post(`${server.url}/api/generate`, { model: 'smol', prompt: 'Hi', stream: false, options: { num_predict: 2 } })
      await expect.poll(() => server.log()).toMatch(/path=\/api\/chat .*code=cancelled/)
      await replies(page).last().getByRole('button', { name: 'Ask again' }).waitFor()
    })

    it('goes on with a reply while another page is looked at', async () => {
      const page = await open()
      await choose(page, 'smol')
      await page.getByText('Settings').click()
      await page.getByLabel('Longest reply').fill('60')
      await ask(page, 'Tell me about the sea.')
      await replies(page).last().locator('.markdown').waitFor()
      // What is typed meanwhile is not undone by what is drawn.
      await page.getByLabel('Temperature').pressSequentially('0.25', { delay: 50 })
      expect(await page.getByLabel('Temperature').inputValue()).toBe('0.25')
      await page.getByRole('link', { name: 'Server', exact: true }).click()
      await page.getByText('smol:latest').waitFor()
      await page.goBack()
      await finished(page)
      expect(await replies(page).count()).toBe(1)
    })

    it('folds the thinking away, and can be told not to think', async () => {
      const page = await open()
      await choose(page, 'thinker')
      await ask(page, 'What is six times seven?')
      await replies(page).last().getByText('It is forty-two.').waitFor()
      const thought = page.getByText('Six times seven.', { exact: true })
      expect(await thought.isVisible()).toBe(false)
      await page.getByText('What the model thought').click()
      expect(await thought.isVisible()).toBe(true)
      await page.getByText('Settings').click()
      await page.getByLabel('Thinking').selectOption('off')
      await page.getByRole('button', { name: 'Ask again' }).click()
      await replies(page).last().getByText('Forty-two').waitFor()
      expect(await replies(page).count()).toBe(1)
    })

    it('shows calls of tools, and goes on with what they have answered', async () => {
      const page = await open()
      await choose(page, 'caller')
      await page.getByText('Settings').click()
      await page.getByLabel(/^Tools/).fill('[{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]')
      await ask(page, 'How is the weather in Paris?')
      await page.getByRole('list', { name: 'Calls of tools' }).getByText('"city": "Paris"').waitFor()
      await page.getByLabel('What get_weather has answered').fill('sunny, 20 degrees')
      await page.getByRole('button', { name: 'Go on with it' }).click()
      await page.getByText('It is sunny.').waitFor()
    })

    it('edits the last question, and renames, exports and deletes the talk', async () => {
      const page = await open()
      await choose(page, 'thinker')
      await ask(page, 'First words')
      await finished(page)
      await page.getByRole('button', { name: 'Edit the question' }).click()
      await page.getByLabel('Your question, changed').fill('Other words')
      await page.getByLabel('Your question, changed').press('Enter')
      await page.getByRole('heading', { name: 'Other words' }).waitFor()
      await finished(page)
      expect(await page.getByRole('article').count()).toBe(2)
      await page.getByRole('button', { name: 'Rename' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('Sums')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Sums' }).waitFor()
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export', exact: true }).click()])
      expect(file.suggestedFilename()).toBe('llamero-sums.json')
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText('Ask something.', { exact: false }).first().waitFor()
      expect(await page.getByRole('complementary', { name: 'Talks' }).getByText('Sums').count()).toBe(0)
    })

    it('sends images to a model that can see', async () => {
      const page = await open()
      const seer = { name: 'seer:latest', model: 'seer:latest', size: 1, digest: '', modified_at: '2026-01-01T00:00:00Z', details: {} }
      await page.route('**/api/tags', (route) => route.fulfill({ json: { models: [{ ...seer, capabilities: ['completion', 'vision'] }] } }))
      const bodies: unknown[] = []
      await page.route('**/api/chat', (route) => {
        bodies.push(route.request().postDataJSON())
        const message = { role: 'assistant', content: 'A dot.' }
        return route.fulfill({
          body: `${JSON.stringify({ model: 'seer:latest', message, done: true, eval_count: 3, eval_duration: 1e9 })}\n`,
        })
      })
      await page.reload()
      await page.getByLabel('Add images').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: DOT })
      await page.getByRole('img', { name: 'dot.png' }).waitFor()
      await page.getByLabel('Add images').setInputFiles({ name: 'dot.svg', mimeType: 'image/svg+xml', buffer: DOT })
      await page.getByText('dot.svg is no image that models read').waitFor()
      await ask(page, 'What is this?')
      await replies(page).last().getByText('A dot.').waitFor()
      expect(bodies).toMatchObject([{ model: 'seer:latest', messages: [{ content: 'What is this?', images: [DOT.toString('base64')] }] }])
      expect(await page.getByRole('article', { name: 'You' }).getByRole('img', { name: 'dot.png' }).count()).toBe(1)
    })

    it('says in the words of the server what went wrong', async () => {
      const page = await open()
      await createSpeaker(server.url, 'gone', { reply: ['x', '~'] })
      await page.reload()
      await choose(page, 'gone')
      await fetch(`${server.url}/api/delete`, { method: 'DELETE', body: '{"model": "gone"}' })
      await ask(page, 'Are you there?')
      await replies(page).last().getByText("model 'gone:latest' not found").waitFor()
      // The browser itself reports the status.
      expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
      complaints = []
    })
  })

  describe('text that means harm', () => {
    it('in a reply is shown as the text that it is', async () => {
      const page = await open()
      await choose(page, 'hostile')
      await ask(page, '<b>bold?</b>')
      await finished(page)
      expect(await replies(page).last().locator('.markdown > p').first().textContent()).toBe(HOSTILE)
      expect(await page.locator('.markdown img, .markdown script, .markdown b, .question b').count()).toBe(0)
      expect(await page.locator('.markdown strong').textContent()).toBe('over')
      expect(await page.title()).toBe('Chat · Llamero')
    })

    it('in the name of a model too', async () => {
      const page = await open()
      const { models } = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: object[] }
      const renamed = { ...models[0], name: HOSTILE, capabilities: ['completion', HOSTILE] }
      await page.route('**/api/tags', (route) => route.fulfill({ json: { models: [renamed] } }))
      await page.getByRole('link', { name: 'Models' }).click()
      await page.reload()
      await page.getByRole('link', { name: HOSTILE }).waitFor()
      await page.getByRole('link', { name: 'Chat' }).click()
      expect(await page.getByRole('combobox', { name: 'Model' }).locator('option').allTextContents()).toContain(HOSTILE)
      expect(await page.locator('main img').count()).toBe(0)
      expect(await page.title()).toBe('Chat · Llamero')
    })

    it('could not become markup even by mistake: the policy forbids it', async () => {
      const page = await open()
      const outcome = await page.evaluate('try { document.body.innerHTML = "<p>"; "let in" } catch (error) { error.name }')
      expect(outcome).toBe('TypeError')
      expect(complaints.join()).toMatch(/TrustedHTML/)
      complaints = []
    })
  })

  describe('models', () => {
    it('are listed, described, copied, loaded, unloaded and deleted', async () => {
      const page = await open(`${server.url}/console#/models`)
      await page.getByRole('button', { name: 'Copy thinker:latest' }).click()
      await page.getByLabel('New name').fill('copied')
      await page.keyboard.press('Enter')
      await page.getByRole('link', { name: 'copied:latest' }).click()
      await page.getByText('Longest context').waitFor()
      await page.getByText('Template', { exact: true }).click()
      await page.getByText('{{ range .Messages }}').first().waitFor()
      await post(`${server.url}/api/generate`, { model: 'hostile', keep_alive: '5m', stream: false })
      await page.getByRole('link', { name: 'All models' }).click()
      await page.getByRole('button', { name: 'Unload hostile:latest' }).click()
      await page.getByRole('button', { name: 'Unload hostile:latest' }).waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Delete copied:latest' }).click()
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Delete copied:latest' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('link', { name: 'copied:latest' }).waitFor({ state: 'detached' })
      const { models } = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: { name: string }[] }
      expect(models.map(({ name }) => name)).not.toContain('copied:latest')
    })

    it('are pulled, with what the server tells of it', async () => {
      const library = await startLibrary()
      try {
        const page = await open(`${server.url}/console#/models`)
        await page.getByLabel('Name').fill(library.model)
        await page.getByLabel(/plain HTTP/).check()
        await page.getByRole('button', { name: 'Pull', exact: true }).click()
        await page.getByText('is here', { exact: true }).waitFor()
        await page.getByRole('link', { name: `${library.model}:latest` }).waitFor()
        await page.getByRole('button', { name: `Talk to ${library.model}:latest` }).click()
        await ask(page, 'Hi')
        await replies(page).last().getByText('Hello from afar.').waitFor()
      } finally {
        await library.close()
      }
    })

    it('that cannot be pulled say why', async () => {
      const page = await open(`${server.url}/console#/models`)
      await page.getByLabel('Name').fill('no name at all')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('invalid model name').waitFor()
      expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
      complaints = []
      await page.getByRole('button', { name: /Take the pull of/ }).click()
      expect(await page.getByRole('button', { name: /Take the pull of/ }).count()).toBe(0)
    })
  })

  it('needs no mouse', async () => {
    const page = await open()
    await page.getByRole('combobox', { name: 'Model' }).locator('option', { hasText: 'thinker:latest' }).waitFor({ state: 'attached' })
    await page.keyboard.type('What is six times seven?')
    const reach = async (name: RegExp, back = false) => {
      for (let steps = 0; steps < 60; steps++) {
        const label = await page.evaluate<string>(
          'document.activeElement.ariaLabel || document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText',
        )
        if (name.test(label)) return
        await page.keyboard.press(back ? 'Shift+Tab' : 'Tab')
      }
      throw new Error(`the keyboard does not reach ${name}`)
    }
    await reach(/^Model/, true)
    await page.keyboard.type('thinker')
    await reach(/^Your question/)
    await page.keyboard.press('Enter')
    await finished(page)
    await reach(/^Ask again/, true)
    await page.keyboard.press('Enter')
    await finished(page)
    await reach(/^Models$/, true)
    await page.keyboard.press('Enter')
    await reach(/^Delete thinker:latest/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await reach(/^Delete thinker:latest/)
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('fits a phone, in the dark', async () => {
    const page = await open(undefined, { viewport: { width: 320, height: 640 }, colorScheme: 'dark' })
    await choose(page, 'hostile')
    await ask(page, `A word without a blank: ${'long'.repeat(50)}`)
    await finished(page)
    for (const name of ['Chat', 'Models', 'Server']) {
      await page.getByRole('link', { name, exact: true }).click()
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
    }
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(25, 23, 21)')
  })

  it('works below the path that a proxy has put it under', async () => {
    const proxy = http.createServer((request, response) => {
      const options = { method: request.method ?? 'GET', headers: { ...request.headers, host: new URL(server.url).host } }
      const forwarded = http.request(server.url + (request.url ?? '').replace(/^\/llm/, ''), options, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      request.pipe(forwarded)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    try {
      const page = await open(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/llm/console`)
      await choose(page, 'thinker')
      await ask(page, 'What is six times seven?')
      await replies(page).last().getByText('It is forty-two.').waitFor()
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })

  it('says that the server is away, and is back with it', async () => {
    const page = await open()
    await page.getByText('Server: connected').waitFor()
    await page.route('**/api/**', (route) => route.abort())
    await ask(page, 'Hello?')
    await page.getByText('The server does not answer.', { exact: false }).waitFor()
    await page.unroute('**/api/**')
    await page.getByText('The server does not answer.', { exact: false }).waitFor({ state: 'detached' })
    // The browser itself reports what was cut.
    expect(complaints.filter((text) => !text.includes('ERR_FAILED'))).toEqual([])
    complaints = []
  })
})

describe.skipIf(missingChromium() !== undefined)('the console of a server with a key', () => {
  it('asks for it, keeps it for the tab, and sends it', async () => {
    const server = await startServer({ env: { LLAMERO_API_KEY: 's3cret' } })
    const browser = await startChromium()
    try {
      const page = await browser.newPage()
      page.setDefaultTimeout(WAIT_MS)
      await page.goto(`${server.url}/console`)
      const dialog = page.getByRole('dialog', { name: 'This server asks for its key' })
      await dialog.waitFor()
      await page.keyboard.press('Escape')
      expect(await dialog.isVisible()).toBe(true)
      await dialog.getByLabel(/^Key/).fill('wrong')
      await page.keyboard.press('Enter')
      await dialog.getByText('got none or another one').waitFor()
      await dialog.getByLabel(/^Key/).fill('s3cret')
      await page.keyboard.press('Enter')
      await dialog.waitFor({ state: 'detached' })
      await page.reload()
      await page.getByText('Server: connected').waitFor()
      await page.getByText('There is no model to talk to yet.', { exact: false }).waitFor()
      expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('s3cret')
      await page.getByRole('link', { name: 'Server' }).click()
      await page.getByRole('button', { name: 'Forget the key' }).click()
      await dialog.waitFor()
    } finally {
      await browser.close()
      await server.stop()
      server.clean()
    }
  })

  it('is not there where it is switched off, and the log names its address where it is on', async () => {
    for (const on of [true, false]) {
      const server = await startServer({ env: { LLAMERO_CONSOLE: on ? '1' : '0' } })
      expect((await fetch(`${server.url}/console`)).status).toBe(on ? 200 : 404)
      if (on) await expect.poll(() => server.log()).toContain(`msg=console address=${server.url}/console`)
      else expect(server.log()).not.toContain('msg=console')
      await server.stop()
      server.clean()
    }
  })
})
