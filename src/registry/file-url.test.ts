import { describe, expect, it } from 'vitest'
import { shortName } from '../model/name.ts'
import { MAX_PARTS, nameOfFile, parseFileUrl, partUrls } from './file-url.ts'

describe('the URL of a file', () => {
  it.each([
    ['https://huggingface.co/user/repo/resolve/main/Tiny-Q4_K_M.gguf', 'Tiny-Q4_K_M:latest'],
    ['https://h.example/a.gguf?download=true#x', 'a:latest'],
    [' http://h.example:8080/deep/er/than/names/My%20Model%20(v2).Q8_0.GGUF ', 'My-Model-v2-.Q8_0:latest'],
    ['https://h.example/..%2F..%2Fetc%2Fpasswd.gguf', 'etc-passwd:latest'],
    ['https://h.example/%E0%A4%A.gguf', 'E0-A4-A:latest'],
    ['https://h.example/Big-Q8_0-00002-of-00003.gguf', 'Big-Q8_0:latest'],
    [`https://h.example/${'x'.repeat(100)}.gguf`, `${'x'.repeat(80)}:latest`],
  ])('%s names the model %s', (text, name) => {
    const url = parseFileUrl(text)
    expect(url && shortName(nameOfFile(url))).toBe(name)
  })

  it.each([
    'llama3',
    'hf.co/user/repo:Q4',
    'https://h.example/a',
    'https://h.example/.gguf/',
    'ftp://h.example/a.gguf',
    'https://u:p@h.example/a.gguf',
    'a.gguf',
    'https://',
  ])('is not %s', (text) => {
    expect(parseFileUrl(text)).toBeUndefined()
  })

  it('of nothing but signs names no model', () => {
    expect(() => nameOfFile(new URL('https://h.example/---.gguf'))).toThrow(expect.objectContaining({ code: 'invalid_model_name' }))
  })
})

describe('the parts of a model', () => {
  it('are known by any one of them', () => {
    expect(partUrls(new URL('https://h.example/a%20b/m-00002-of-00003.gguf?x=1')).map(({ href }) => href)).toEqual([
      'https://h.example/a%20b/m-00001-of-00003.gguf?x=1',
      'https://h.example/a%20b/m-00002-of-00003.gguf?x=1',
      'https://h.example/a%20b/m-00003-of-00003.gguf?x=1',
    ])
  })

  it.each(['m.gguf', 'm-00004-of-00003.gguf', 'm-00000-of-00003.gguf', 'm-1-of-3.gguf'])('are not %s, which is alone', (file) => {
    expect(partUrls(new URL(`https://h.example/${file}`)).map(({ pathname }) => pathname)).toEqual([`/${file}`])
  })

  it('are a thousand at most', () => {
    expect(partUrls(new URL('https://h.example/m-00001-of-01000.gguf'))).toHaveLength(MAX_PARTS)
    expect(() => partUrls(new URL('https://h.example/m-00001-of-01001.gguf'))).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})
