import { describe, expect, it } from 'vitest'
import { shortName } from '../model/name.ts'
import { nameOfFile, parseFileUrl } from './file-url.ts'

describe('the URL of a file', () => {
  it.each([
    ['https://huggingface.co/user/repo/resolve/main/Tiny-Q4_K_M.gguf', 'Tiny-Q4_K_M:latest'],
    ['https://h.example/a.gguf?download=true#x', 'a:latest'],
    [' http://h.example:8080/deep/er/than/names/My%20Model%20(v2).Q8_0.GGUF ', 'My-Model-v2-.Q8_0:latest'],
    ['https://h.example/..%2F..%2Fetc%2Fpasswd.gguf', 'etc-passwd:latest'],
    ['https://h.example/%E0%A4%A.gguf', 'E0-A4-A:latest'],
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

  it.each([
    ['https://h.example/m-00001-of-00003.gguf', 'not_supported'],
    ['https://h.example/---.gguf', 'invalid_model_name'],
  ])('%s has no name', (text, code) => {
    expect(() => nameOfFile(new URL(text))).toThrow(expect.objectContaining({ code }))
  })
})
