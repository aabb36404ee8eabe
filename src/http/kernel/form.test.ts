import { describe, expect, it } from 'vitest'
import { MAX_FORM_PARTS, MAX_FORM_TEXT_BYTES, parseForm } from './form.ts'

const TYPE = 'multipart/form-data; boundary=line'

function part(name: string, value: string, filename?: string): string {
  return `--line\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n${value}\r\n`
}

function parse(text: string, type = TYPE) {
  return parseForm(Buffer.from(text), type)
}

describe('a form', () => {
  it('has texts and files, of which the first of each name counts', async () => {
    const sent = [part('a', 'hällo'), part('a', 'other'), part('file', 'R\0F', 'x.wav'), part('file', 'y', 'y.wav'), part('a b', '')]
    const { texts, files, names } = await parse(`${sent.join('')}--line--\r\n`)
    expect([...texts]).toEqual([
      ['a', 'hällo'],
      ['a b', ''],
    ])
    expect([...files]).toEqual([['file', Buffer.from('R\0F')]])
    expect([...names].sort()).toEqual(['a', 'a', 'a b', 'file', 'file'])
  })

  it('may be empty, and may have its boundary in quotes', async () => {
    expect((await parse('--line--\r\n', 'Multipart/Form-Data; boundary="line"')).names).toEqual([])
  })

  it('reads bytes as they are, wherever they begin in their memory', async () => {
    const memory = Buffer.from(`xx${part('file', 'abc', 'f')}--line--\r\n`)
    expect((await parseForm(memory.subarray(2), TYPE)).files.get('file')).toEqual(Buffer.from('abc'))
  })

  it.each([
    ['no form', '{}', 'application/json', "request Content-Type isn't multipart/form-data"],
    ['one whose type only begins so', '', 'multipart/form-data-x; boundary=line', "request Content-Type isn't multipart/form-data"],
    ['one without a boundary', '', 'multipart/form-data', 'no multipart boundary param in Content-Type'],
    ['an empty body', '', TYPE, 'Unexpected end of multipart data'],
    ['one that ends in a text', '--line\r\nContent-Disposition: form-data; name="a"\r\n\r\nhel', TYPE, 'Unexpected end'],
    ['one that ends in a file', part('file', 'x', 'x').slice(0, -2), TYPE, 'Unexpected end'],
  ])('is not %s', async (_, text, type, reason) => {
    await expect(parse(text, type)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(`failed to parse multipart form: ${reason}`) as string,
    })
  })

  it('has as many parts as the limit, and no more', async () => {
    const sent = (count: number) => `${part('a', 'x').repeat(count)}--line--\r\n`
    expect((await parse(sent(MAX_FORM_PARTS - 1))).names).toHaveLength(MAX_FORM_PARTS - 1)
    await expect(parse(sent(MAX_FORM_PARTS + 1))).rejects.toThrow(`at most ${MAX_FORM_PARTS} parts`)
  })

  it('has texts as long as the limit, and no longer, and longer files', async () => {
    const fits = 'q'.repeat(MAX_FORM_TEXT_BYTES - 1)
    expect((await parse(`${part('a', fits)}--line--\r\n`)).texts.get('a')).toHaveLength(fits.length)
    await expect(parse(`${part('a', `${fits}qq`)}--line--\r\n`)).rejects.toThrow(
      `the field "a" is larger than ${MAX_FORM_TEXT_BYTES} bytes`,
    )
    expect((await parse(`${part('f', `${fits}qq`, 'f')}--line--\r\n`)).files.get('f')).toHaveLength(fits.length + 2)
  })
})
