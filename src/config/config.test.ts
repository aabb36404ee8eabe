import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { clientUrl, parseHost } from './host.ts'
import { UNUSED_VARIABLES } from './unused.ts'

describe('OLLAMA_HOST', () => {
  it.each([
    ['', 'http://127.0.0.1:11434'],
    ['1.2.3.4', 'http://1.2.3.4:11434'],
    [':1234', 'http://127.0.0.1:1234'],
    ['example.com:5', 'http://example.com:5'],
    ['http://example.com', 'http://example.com:80'],
    ['https://example.com/base/', 'https://example.com:443/base'],
    ['[::1]:77', 'http://[::1]:77'],
    ['::1', 'http://[::1]:11434'],
    ['0.0.0.0:9', 'http://127.0.0.1:9'],
    ['host:notaport', 'http://host:11434'],
    ['host:70000', 'http://host:11434'],
    ['tcp://1.2.3.4:5', 'http://1.2.3.4:5'],
    ['tcp://1.2.3.4', 'http://1.2.3.4:11434'],
    ['HTTP://1.2.3.4', 'http://1.2.3.4:80'],
  ])('%j is reached at %s', (text, url) => {
    expect(clientUrl(parseHost(text))).toBe(url)
  })
})

describe('a port that is none', () => {
  it('is told, and the default is used', () => {
    expect(readConfig({ OLLAMA_HOST: 'host:70000' }).warnings).toEqual(['OLLAMA_HOST: "70000" is not a port; 11434 is used'])
    expect(readConfig({ OLLAMA_HOST: 'http://host:x' }).warnings).toEqual(['OLLAMA_HOST: "x" is not a port; 80 is used'])
    for (const text of ['host', 'host:', '::1', ':1234']) expect(readConfig({ OLLAMA_HOST: text }).warnings).toEqual([])
  })
})

describe('a server', () => {
  it('listens on this machine only where nothing else is said: CVE-2025-63389', () => {
    expect(readConfig({}).host.host).toBe('127.0.0.1')
    for (const text of [':1234', 'http://', '/base']) expect(parseHost(text).host).toBe('127.0.0.1')
  })
})

describe('the environment', () => {
  it('gives the documented defaults where nothing is set', () => {
    const config = readConfig({})
    expect(config).toMatchObject({
      keepAliveNs: 300e9,
      loadTimeoutMs: 300_000,
      maxQueue: 512,
      noPrune: false,
      logLevel: 'info',
      kvCacheType: 'f16',
      warnings: [],
    })
    expect(config.models).toMatch(/\.ollama.models$/)
  })

  it('trims blanks and quotes', () => {
    expect(readConfig({ OLLAMA_MODELS: ' "/tmp/m" ' }).models).toBe('/tmp/m')
  })

  it.each([
    [undefined, undefined],
    ['2GiB', 2 ** 31],
    ['500MB', 5e8],
    ['0', 0],
    ['off', 0],
    ['OFF', 0],
    ['false', 0],
  ])('reads the size of the prefix cache: %s', (text, sizeBytes) => {
    expect(readConfig(text === undefined ? {} : { LLAMERO_PREFIX_CACHE: text })).toMatchObject({
      prefixCacheBytes: sizeBytes,
      warnings: [],
    })
  })

  it('takes the default for a prefix cache of no size', () => {
    const { prefixCacheBytes, warnings } = readConfig({ LLAMERO_PREFIX_CACHE: 'much' })
    expect(prefixCacheBytes).toBeUndefined()
    expect(warnings).toEqual(['LLAMERO_PREFIX_CACHE: "much" is not a size; the default is used'])
  })

  it('reads keep-alive as seconds, as a duration and as for ever', () => {
    expect(readConfig({ OLLAMA_KEEP_ALIVE: '30' }).keepAliveNs).toBe(30e9)
    expect(readConfig({ OLLAMA_KEEP_ALIVE: '1h30m' }).keepAliveNs).toBe(5400e9)
    expect(readConfig({ OLLAMA_KEEP_ALIVE: '-1' }).keepAliveNs).toBe(Number.POSITIVE_INFINITY)
    expect(readConfig({ OLLAMA_KEEP_ALIVE: '0' }).keepAliveNs).toBe(0)
  })

  it('says of each variable of Ollama that does nothing here that it does nothing', () => {
    for (const name of Object.keys(UNUSED_VARIABLES)) {
      expect(readConfig({ [name]: '1' }).warnings).toEqual([expect.stringMatching(`^${name} is set and has no effect: \\w`)])
    }
    expect(readConfig({ OLLAMA_AUTH: ' ' }).warnings).toEqual([])
  })

  it('keeps the default and says so when a value cannot be read', () => {
    const config = readConfig({ OLLAMA_KEEP_ALIVE: 'soon', OLLAMA_MAX_QUEUE: '-3', OLLAMA_KV_CACHE_TYPE: 'q9' })
    expect(config).toMatchObject({ keepAliveNs: 300e9, maxQueue: 512, kvCacheType: 'f16' })
    expect(config.warnings).toHaveLength(3)
  })

  it('takes any text but a false one as true', () => {
    expect(readConfig({ OLLAMA_NOPRUNE: 'yes' }).noPrune).toBe(true)
    expect(readConfig({ OLLAMA_NOPRUNE: 'f' }).noPrune).toBe(false)
    expect(readConfig({ OLLAMA_DEBUG: '2' }).logLevel).toBe('trace')
  })

  it('takes the editor of Ollama first, then those of the shell', () => {
    expect(readConfig({ OLLAMA_EDITOR: 'nano', VISUAL: 'vi', EDITOR: 'ed' }).editor).toBe('nano')
    expect(readConfig({ OLLAMA_EDITOR: ' ', VISUAL: 'code --wait', EDITOR: 'ed' }).editor).toBe('code --wait')
    expect(readConfig({ VISUAL: '', EDITOR: 'ed' }).editor).toBe('ed')
    expect(readConfig({}).editor).toBeUndefined()
  })

  it('treats a load timeout of zero as no limit', () => {
    expect(readConfig({ OLLAMA_LOAD_TIMEOUT: '0' }).loadTimeoutMs).toBe(Number.POSITIVE_INFINITY)
  })
})
