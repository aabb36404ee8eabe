import { describe, expect, it } from 'vitest'
import { TextOutput, toTokenPiece } from './text-output.ts'

const piece = (text: string) => toTokenPiece(Buffer.from(text))
const pushAll = (output: TextOutput<never>, ...texts: string[]) => texts.map((text) => output.push(piece(text)).text)

describe('TextOutput', () => {
  it('lets text through when there are no stop strings', () => {
    expect(pushAll(new TextOutput([]), 'a', ' b', '')).toEqual(['a', ' b', ''])
  })

  it('holds half a character back until the rest has come', () => {
    const output = new TextOutput([])
    const bytes = Buffer.from('😀!')
    const texts = [...bytes].map((byte) => output.push(toTokenPiece(Uint8Array.of(byte))).text)
    expect(texts).toEqual(['', '', '', '😀', '!'])
  })

  it('drops half a character at the end', () => {
    const output = new TextOutput([])
    output.push(piece('a'))
    expect(output.push(toTokenPiece(Uint8Array.of(0xe2, 0x82))).text).toBe('')
    expect(output.finish().text).toBe('')
  })

  it.each([
    { name: 'a byte that begins no character', bytes: [0xff, 0x41], text: '\ufffdA' },
    { name: 'a character that breaks off', bytes: [0xe2, 0x82, 0x41], text: '\ufffdA' },
    { name: 'a stray continuation', bytes: [0x80, 0x80, 0x80, 0x80], text: '\ufffd\ufffd\ufffd\ufffd' },
  ])('replaces $name', ({ bytes, text }) => {
    const output = new TextOutput([])
    const whole = bytes.map((byte) => output.push(toTokenPiece(Uint8Array.of(byte))).text).join('') + output.finish().text
    expect(whole).toBe(text)
  })

  it('holds back what may become a stop string and lets it go when it does not', () => {
    const output = new TextOutput(['</end>'])
    expect(pushAll(output, 'x<', '/en', 'dy')).toEqual(['x', '', '</endy'])
    expect(output.stopSequence).toBeUndefined()
  })

  it('ends at a stop string across tokens and swallows what comes after it', () => {
    const output = new TextOutput(['STOP'])
    expect(pushAll(output, 'a ST', 'OP and more')).toEqual(['a ', ''])
    expect(output.stopSequence).toBe('STOP')
  })

  it('takes the stop string that begins earliest', () => {
    const output = new TextOutput(['world', 'lo w'])
    expect(pushAll(output, 'hello world')).toEqual(['hel'])
    expect(output.stopSequence).toBe('lo w')
  })

  it('gives back at the end what was held for a stop string', () => {
    const output = new TextOutput(['\n\n'])
    expect(output.push(piece('a\n')).text).toBe('a')
    expect(output.finish().text).toBe('\n')
  })

  it('does not care for empty stop strings', () => {
    const output = new TextOutput([''])
    expect(output.push(piece('a')).text).toBe('a')
    expect(output.stopSequence).toBeUndefined()
  })

  it('finds a stop string at every cut of the text', () => {
    const text = 'one héllo two three'
    for (let cut = 1; cut < Buffer.from(text).length; cut++) {
      const output = new TextOutput<never>(['two'])
      const bytes = Buffer.from(text)
      const got = [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) =>
        output.stopSequence ? '' : output.push(toTokenPiece(part)).text,
      )
      expect(got.join('')).toBe('one héllo ')
    }
  })

  it('sends a log-probability with the first text of its token', () => {
    const output = new TextOutput<string>(['--'])
    expect(output.push(piece('a'), 'first')).toEqual({ text: 'a', logprobs: ['first'] })
    expect(output.push(toTokenPiece(Uint8Array.of(0xc3)), 'half')).toEqual({ text: '', logprobs: [] })
    expect(output.push(toTokenPiece(Uint8Array.of(0xa9)), 'other half')).toEqual({ text: 'é', logprobs: ['half', 'other half'] })
    expect(output.push(piece(' -'), 'partly held')).toEqual({ text: ' ', logprobs: ['partly held'] })
    expect(output.push(piece('x'), 'after')).toEqual({ text: '-x', logprobs: ['after'] })
    expect(output.push(piece('-'), 'held')).toEqual({ text: '', logprobs: [] })
    expect(output.finish()).toEqual({ text: '-', logprobs: ['held'] })
  })

  it('leaves out the log-probabilities of the stop string', () => {
    const output = new TextOutput<string>(['STOP'])
    expect(output.push(piece('a S'), 'begins before')).toEqual({ text: 'a ', logprobs: ['begins before'] })
    expect(output.push(piece('TOP'), 'inside')).toEqual({ text: '', logprobs: [] })
  })

  it('keeps the log-probability of a token without text for the next text', () => {
    const output = new TextOutput<string>([])
    expect(output.push(piece(''), 'silent')).toEqual({ text: '', logprobs: [] })
    expect(output.push(piece('a'), 'spoken')).toEqual({ text: 'a', logprobs: ['silent', 'spoken'] })
  })
})
