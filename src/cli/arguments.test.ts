import { describe, expect, it } from 'vitest'
import { checkArgumentCount, type FlagTable, parseArguments } from './arguments.ts'

const TABLE: FlagTable = {
  verbose: { type: 'boolean', short: 'v', help: '' },
  quiet: { type: 'boolean', short: 'q', help: '' },
  file: { type: 'string', short: 'f', help: '' },
  think: { type: 'string', implied: 'true', values: ['low'], help: '' },
  dimensions: { type: 'int', help: '' },
  temperature: { type: 'float', help: '' },
  option: { type: 'list', short: 'o', help: '' },
}
const parse = (...words: string[]) => parseArguments(words, TABLE)

describe('parseArguments', () => {
  it('takes flags and arguments in any order', () => {
    const invocation = parse('a', '--verbose', 'b', '-f', 'x', 'c')
    expect(invocation.positionals).toEqual(['a', 'b', 'c'])
    expect(invocation.boolean('verbose')).toBe(true)
    expect(invocation.text('file')).toBe('x')
    expect(invocation.given('quiet')).toBe(false)
  })

  it.each([[['-f', 'x']], [['-fx']], [['-f=x']], [['--file', 'x']], [['--file=x']], [['-vf', 'x']], [['-vqfx']]])(
    'reads %j as the file x',
    (words) => {
      expect(parse(...words).text('file')).toBe('x')
    },
  )

  it('ends flags at two dashes and takes one dash as an argument', () => {
    expect(parse('-', '--', '--verbose', '-x').positionals).toEqual(['-', '--verbose', '-x'])
  })

  it('takes a value that looks like a flag', () => {
    expect(parse('--dimensions', '-1').number('dimensions')).toBe(-1)
    expect(parse('--file', '--verbose').text('file')).toBe('--verbose')
  })

  it('gives an implied value without taking the next word, unless that is one of its values', () => {
    const invocation = parse('--think', 'hello')
    expect(invocation.text('think')).toBe('true')
    expect(invocation.positionals).toEqual(['hello'])
    expect(parse('--think=hello').text('think')).toBe('hello')
    expect(parse('--think', 'low', 'hello').text('think')).toBe('low')
    expect(parse('--think', 'low', 'hello').positionals).toEqual(['hello'])
    expect(parse('--think=true', 'low').positionals).toEqual(['low'])
    expect(parse('--think').text('think')).toBe('true')
  })

  it('suggests a flag that is near', () => {
    const message = 'unknown flag: --tink\n\nDid you mean this?\n\t--think\n'
    expect(() => parse('--tink')).toThrow(expect.objectContaining({ message }))
  })

  it('takes the last of a repeated flag, and all of a list', () => {
    expect(parse('--file=a', '--file=b').text('file')).toBe('b')
    expect(parse('-o', 'a=1', '--option', 'b=2').list('option')).toEqual(['a=1', 'b=2'])
    expect(parse('--verbose', '--verbose=false').boolean('verbose')).toBe(false)
  })

  it.each([
    [['--bogus'], 'unknown flag: --bogus'],
    [['--toString'], 'unknown flag: --toString'],
    [['-z'], "unknown shorthand flag: 'z' in -z"],
    [['-vz'], "unknown shorthand flag: 'z' in -z"],
    [['--file'], 'flag needs an argument: --file'],
    [['-f'], "flag needs an argument: 'f' in -f"],
    [['--=x'], 'bad flag syntax: --=x'],
    [['--verbose=maybe'], 'invalid argument "maybe" for "-v, --verbose" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [['--dimensions', 'abc'], 'invalid argument "abc" for "--dimensions" flag: strconv.ParseInt: parsing "abc": invalid syntax'],
    [['--temperature', '1,5'], 'invalid argument "1,5" for "--temperature" flag: strconv.ParseFloat: parsing "1,5": invalid syntax'],
    [['--help=x'], 'invalid argument "x" for "-h, --help" flag: strconv.ParseBool: parsing "x": invalid syntax'],
  ])('refuses %j', (words, message) => {
    expect(() => parse(...words)).toThrow(expect.objectContaining({ code: 'invalid_request', message }))
  })
})

describe('checkArgumentCount', () => {
  it.each([
    [0, 1, 1, 'accepts 1 arg(s), received 0'],
    [1, 0, 0, 'accepts 0 arg(s), received 1'],
    [0, 1, Number.POSITIVE_INFINITY, 'requires at least 1 arg(s), only received 0'],
    [3, 0, 1, 'accepts at most 1 arg(s), received 3'],
  ])('refuses %d of %d to %d', (count, min, max, message) => {
    expect(() => checkArgumentCount(count, { min, max })).toThrow(message)
  })

  it('accepts what fits', () => {
    checkArgumentCount(2, { min: 1, max: 2 })
  })
})
