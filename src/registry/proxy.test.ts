import { describe, expect, it } from 'vitest'
import { readProxies } from './proxy.ts'

const https = (host: string, port = 443) => ({ host, port, secure: true })

describe('proxies of the environment', () => {
  it('are chosen by the scheme of the target, lower case first', () => {
    const choose = readProxies({ HTTP_PROXY: 'http://a:1', https_proxy: 'http://b:2', HTTPS_PROXY: 'http://c:3' })
    expect(choose(https('example.com'))?.host).toBe('b:2')
    expect(choose({ host: 'example.com', port: 80, secure: false })?.host).toBe('a:1')
  })

  it('need no scheme', () => {
    expect(readProxies({ HTTPS_PROXY: 'proxy.corp:3128' })(https('example.com'))?.href).toBe('http://proxy.corp:3128/')
  })

  it('never stand before this machine', () => {
    const choose = readProxies({ HTTPS_PROXY: 'http://p:1' })
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) expect(choose(https(host))).toBeUndefined()
    expect(choose(https('10.0.0.1'))).toBeDefined()
  })

  it.each([
    ['*', 'example.com', true],
    ['example.com', 'example.com', true],
    ['example.com', 'a.example.com', true],
    ['.example.com', 'a.example.com', true],
    ['*.example.com', 'a.example.com', true],
    ['example.com', 'badexample.com', false],
    ['EXAMPLE.com', 'example.COM', true],
    ['other, example.com ', 'example.com', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/99', '10.1.2.3', false],
    ['fd00::/8', 'fd12::1', true],
    ['example.com:443', 'example.com', true],
    ['example.com:8443', 'example.com', false],
    ['', 'example.com', false],
  ])('NO_PROXY=%j for %s: %s', (rule, host, excepted) => {
    const choose = readProxies({ HTTPS_PROXY: 'http://p:1', NO_PROXY: rule })
    expect(choose(https(host)) === undefined).toBe(excepted)
  })

  it('refuses a proxy of another kind when it would be needed', () => {
    expect(() => readProxies({ HTTPS_PROXY: 'socks5://p:1' })(https('example.com'))).toThrow('not an http or https URL')
  })
})
