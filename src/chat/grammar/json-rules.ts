// The parts of JSON that every schema shares, with the white space that llama.cpp's own converter allows, so that the same model writes the same
// text: bounded, since models fall into endless white space.

import { type CodePointRange, choice, type Expression, isEmpty, optional, repeat, sequence, set, text } from './expression.ts'
import type { GrammarWriter } from './grammar-writer.ts'

/** A number is at most so long, on either side of the point. */
export const MAX_DIGITS = 16

/** What may stand in a string as it is. */
export const PLAIN_CHARACTERS: readonly CodePointRange[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x7e],
  [0x80, 0xd7ff],
  [0xe000, 0x10ffff],
]

const QUOTE = text('"')
const DIGIT = set('09')
const HEX = set('09', 'af', 'AF')
/** JSON's \u escapes without surrogates: half a pair is no character. */
const ESCAPED_UNIT = choice(
  sequence(set('09', 'ac', 'ef', 'AC', 'EF'), repeat(HEX, 3, 3)),
  sequence(set('d', 'D'), set('07'), repeat(HEX, 2, 2)),
)

export class JsonRules {
  readonly #writer: GrammarWriter
  #value: Expression | undefined

  constructor(writer: GrammarWriter) {
    this.#writer = writer
  }

  get space(): Expression {
    const line = sequence(repeat(text('\n'), 1, 2), repeat(set(' ', '\t'), 0, 20))
    return this.#writer.define('space', repeat(choice(' ', line), 0, 1))
  }

  /** One character of a string. */
  get character(): Expression {
    const plain: Expression = { kind: 'set', ranges: PLAIN_CHARACTERS }
    const escaped = sequence('\\', choice(set('"', '\\', 'b', 'f', 'n', 'r', 't'), sequence('u', ESCAPED_UNIT)))
    return this.#writer.define('character', choice(plain, escaped))
  }

  get string(): Expression {
    return this.stringOf(0, undefined)
  }

  stringOf(minLength: number, maxLength: number | undefined): Expression {
    return this.#writer.define('string', sequence(QUOTE, repeat(this.character, minLength, maxLength), QUOTE))
  }

  get boolean(): Expression {
    return this.#writer.define('boolean', choice('true', 'false'))
  }

  get integer(): Expression {
    return this.#writer.define('integer', sequence(optional('-'), this.#integral()))
  }

  get number(): Expression {
    const exponent = choice(sequence('1', repeat(DIGIT, 2, 2)), repeat(DIGIT, 1, 2))
    const fraction = optional('.', repeat(DIGIT, 1, MAX_DIGITS))
    return this.#writer.define(
      'number',
      sequence(optional('-'), this.#integral(), fraction, optional(set('e', 'E'), optional(set('-', '+')), exponent)),
    )
  }

  get object(): Expression {
    return this.#writer.define('object', this.braces(optional(this.#listOf(sequence(this.string, ':', this.space, this.value)))))
  }

  get array(): Expression {
    return this.#writer.define('array', this.brackets(optional(this.#listOf(this.value))))
  }

  get value(): Expression {
    if (this.#value) return this.#value
    const name = this.#writer.reserve('value')
    this.#value = { kind: 'rule', name }
    this.#writer.complete(name, choice(this.object, this.array, this.string, this.number, this.boolean, 'null'))
    return this.#value
  }

  braces(content: Expression): Expression {
    return sequence('{', this.space, this.#closed(content), '}')
  }

  brackets(content: Expression): Expression {
    return sequence('[', this.space, this.#closed(content), ']')
  }

  get comma(): Expression {
    return sequence(',', this.space)
  }

  /** With white space behind it, unless there is nothing: a second run of it would make its bounds those of two. */
  #closed(content: Expression): Expression {
    if (isEmpty(content)) return content
    if (content.kind === 'repeat' && content.min === 0 && content.max === 1) return optional(content.item, this.space)
    return sequence(content, this.space)
  }

  #listOf(item: Expression): Expression {
    return sequence(item, repeat(sequence(this.comma, item), 0, undefined))
  }

  #integral(): Expression {
    return this.#writer.define('integral', choice('0', sequence(set('19'), repeat(DIGIT, 0, MAX_DIGITS - 1))))
  }
}
