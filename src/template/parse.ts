// Tokens -> tree. Refuses what Go's text/template refuses, in its words and with its line: `template: :LINE: problem`.
// Differs from Ollama in one thing: {{ template "x" }} without an argument is accepted, as Go does.

import { AppError } from '../base/errors.ts'
import type { BranchNode, CommandNode, ListNode, Node, Operand, PipeNode } from './ast.ts'
import { TokenCursor } from './cursor.ts'
import { isFunctionName } from './funcs.ts'
import { templateIdentifiers } from './inspect.ts'
import type { TokenType } from './lex.ts'
import { parseNumber, unquote } from './literal.ts'

export interface Template {
  readonly text: string
  readonly root: ListNode
  /** From {{ define }} and {{ block }}. */
  readonly definitions: ReadonlyMap<string, ListNode>
  /** Names of all fields and variables, in lower case. */
  readonly identifiers: ReadonlySet<string>
}

/** A model's template has a few KiB. */
export const MAX_TEMPLATE_CHARACTERS = 1024 * 1024
/** Nested blocks and parentheses; parsing and running recurse this deep. */
export const MAX_NESTING = 200

/** Throws `template_error`. A template that shows neither `.Messages` nor `.Response` gets `{{ .Response }}` at its end. */
export function parseTemplate(text: string): Template {
  if (text.length > MAX_TEMPLATE_CHARACTERS) throw new AppError('template_error', 'template: the template is larger than 1 MiB')
  const parser = new Parser(text)
  const root = parser.parse()
  const identifiers = templateIdentifiers([root, ...parser.definitions.values()])
  if (!identifiers.has('messages') && !identifiers.has('response')) {
    const at = text.length
    const operand: Operand = { type: 'field', at, path: ['Response'] }
    const command: CommandNode = { type: 'command', at, operands: [operand] }
    root.nodes.push({ type: 'action', at, pipe: { type: 'pipe', at, declarations: [], isAssignment: false, commands: [command] } })
  }
  return { text, root, definitions: parser.definitions, identifiers }
}

type Closing = 'end' | 'else'
const TERMS: readonly TokenType[] = [
  'identifier',
  'field',
  'variable',
  'dot',
  'nil',
  'boolean',
  'number',
  'character',
  'string',
  'raw-string',
  'open-paren',
]

class Parser extends TokenCursor {
  readonly definitions = new Map<string, ListNode>()
  private variables: string[] = ['$']
  private ranges = 0
  private nesting = 0

  parse(): ListNode {
    const nodes: Node[] = []
    while (this.peek().type !== 'end') {
      if (this.skipDefinition()) continue
      const node = this.textOrAction()
      if (node === 'end' || node === 'else') throw this.fail(`unexpected {{${node}}}`)
      nodes.push(node)
    }
    return { type: 'list', nodes }
  }

  private skipDefinition(): boolean {
    const start = this.index
    if (this.peek().type === 'open') {
      this.index += 1
      if (this.next().text === 'define' && this.tokens[this.index - 1]?.type === 'keyword') {
        const name = this.templateName('define clause')
        this.expectClose('define clause')
        this.define(name, 'define clause')
        return true
      }
    }
    this.index = start
    return false
  }

  /** Reads a definition's body; it sees none of the variables outside. */
  private define(name: string, context: string): void {
    const outer = { variables: this.variables, ranges: this.ranges }
    this.variables = ['$']
    this.ranges = 0
    const { list, closing } = this.itemList()
    if (closing !== 'end') throw this.fail(`unexpected {{${closing}}} in ${context}`)
    this.variables = outer.variables
    this.ranges = outer.ranges
    const known = this.definitions.get(name)
    if (known && !isEmptyList(known)) {
      if (!isEmptyList(list)) throw this.fail(`template: multiple definition of template ${JSON.stringify(name)}`)
      return
    }
    this.definitions.set(name, list)
  }

  private itemList(): { list: ListNode; closing: Closing } {
    const list: ListNode = { type: 'list', nodes: [] }
    this.enter()
    while (this.peekWord().type !== 'end') {
      const node = this.textOrAction()
      if (node === 'end' || node === 'else') {
        this.nesting -= 1
        return { list, closing: node }
      }
      list.nodes.push(node)
    }
    throw this.fail('unexpected EOF')
  }

  private textOrAction(): Node | Closing {
    const token = this.next()
    if (token.type === 'text') return { type: 'text', text: token.text }
    if (token.type !== 'open') throw this.unexpected(token, 'input')
    this.actionLine = this.lineOf(token)
    const node = this.action()
    this.actionLine = 0
    return node
  }

  private action(): Node | Closing {
    const token = this.next()
    if (token.type === 'keyword') {
      switch (token.text) {
        case 'if':
        case 'range':
        case 'with':
          return this.control(token.text, token.at)
        case 'block':
          return this.block()
        case 'template':
          return this.template()
        case 'break':
        case 'continue':
          return this.jump(token.text)
        case 'else':
          return this.elseClause()
        case 'end':
          this.expectClose('end')
          return 'end'
      }
    }
    this.index -= 1
    return { type: 'action', at: token.at, pipe: this.pipeline('command', 'close') }
  }

  private jump(type: 'break' | 'continue'): Node {
    this.expectClose(`{{${type}}}`)
    if (this.ranges === 0) throw this.fail(`{{${type}}} outside {{range}}`)
    return { type }
  }

  /** Leaves the `if` or `with` of "else if" and "else with" to control(). */
  private elseClause(): Closing {
    const token = this.peekWord()
    if (token.type !== 'keyword' || (token.text !== 'if' && token.text !== 'with')) this.expectClose('else')
    return 'else'
  }

  private control(type: BranchNode['type'], at: number): BranchNode {
    this.enter()
    const variableCount = this.variables.length
    const pipe = this.pipeline(type, 'close')
    if (type === 'range') this.ranges += 1
    const { list, closing } = this.itemList()
    if (type === 'range') this.ranges -= 1
    const node: BranchNode = { type, at, pipe, list }
    if (closing === 'else') node.elseList = this.elseList(type)
    this.variables.length = variableCount
    this.nesting -= 1
    return node
  }

  private elseList(type: BranchNode['type']): ListNode {
    const token = this.peek()
    if (token.type === 'keyword' && token.text === type && type !== 'range') {
      this.index += 1
      return { type: 'list', nodes: [this.control(type, token.at)] }
    }
    const { list, closing } = this.itemList()
    if (closing !== 'end') throw this.fail(`expected end; found {{${closing}}}`)
    return list
  }

  private block(): Node {
    const { at } = this.peekWord()
    const name = this.templateName('block clause')
    const pipe = this.pipeline('block clause', 'close')
    this.define(name, 'block clause')
    return { type: 'template', at, name, pipe }
  }

  private template(): Node {
    const { at } = this.peekWord()
    const name = this.templateName('template clause')
    if (this.next().type === 'close') return { type: 'template', at, name }
    this.index -= 1
    return { type: 'template', at, name, pipe: this.pipeline('template clause', 'close') }
  }

  private templateName(context: string): string {
    const token = this.next()
    if (token.type !== 'string' && token.type !== 'raw-string') throw this.unexpected(token, context)
    return this.located(() => unquote(token.text))
  }

  private pipeline(context: string, closing: TokenType): PipeNode {
    const pipe: PipeNode = { type: 'pipe', at: this.peekWord().at, declarations: [], isAssignment: false, commands: [] }
    this.declarations(pipe, context)
    for (;;) {
      const token = this.next()
      if (token.type === closing) break
      if (!TERMS.includes(token.type)) throw this.unexpected(token, context)
      this.index -= 1
      pipe.commands.push(this.command())
    }
    if (pipe.commands.length === 0) throw this.fail(`missing value for ${context}`)
    const stage = pipe.commands.findIndex(
      (command, index) => index > 0 && ['boolean', 'dot', 'nil', 'number', 'string'].includes(command.operands[0]?.type ?? ''),
    )
    if (stage > 0) throw this.fail(`non executable command in pipeline stage ${stage + 1}`)
    return pipe
  }

  private declarations(pipe: PipeNode, context: string): void {
    for (;;) {
      const start = this.index
      const token = this.next()
      const sign = token.type === 'variable' ? this.next() : token
      const isComma = sign.type === 'symbol' && sign.text === ','
      if (token.type !== 'variable' || !(isComma || sign.type === 'declare' || sign.type === 'assign')) {
        this.index = start
        return
      }
      pipe.declarations.push(token.text)
      this.variables.push(token.text)
      if (!isComma) {
        pipe.isAssignment = sign.type === 'assign'
        return
      }
      if (context !== 'range' || pipe.declarations.length > 1) throw this.fail(`too many declarations in ${context}`)
      const following = this.peekWord().type
      if (following !== 'variable' && following !== 'close' && following !== 'close-paren') {
        throw this.fail('range can only initialize variables')
      }
    }
  }

  private command(): CommandNode {
    const command: CommandNode = { type: 'command', at: this.peekWord().at, operands: [] }
    for (;;) {
      this.peekWord()
      const operand = this.operand()
      if (operand) command.operands.push(operand)
      const token = this.advance()
      if (token.type === 'space') continue
      if (token.type === 'close' || token.type === 'close-paren') this.index -= 1
      else if (token.type !== 'pipe') throw this.unexpected(token, 'operand')
      break
    }
    if (command.operands.length === 0) throw this.fail('empty command')
    return command
  }

  private operand(): Operand | undefined {
    const base = this.term()
    if (!base || this.peek().type !== 'field') return base
    const at = this.peek().at
    const path: string[] = []
    while (this.peek().type === 'field') path.push(this.advance().text.slice(1))
    switch (base.type) {
      case 'field':
      case 'variable':
        return { type: base.type, at, path: [...base.path, ...path] }
      case 'boolean':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        throw this.fail(`unexpected . after term ${JSON.stringify(this.text.slice(base.at, at))}`)
      default:
        return { type: 'chain', at, base, path }
    }
  }

  private term(): Operand | undefined {
    const token = this.next()
    const { at, text } = token
    switch (token.type) {
      case 'identifier':
        if (!isFunctionName(text)) throw this.fail(`function ${JSON.stringify(text)} not defined`)
        return { type: 'identifier', at, name: text }
      case 'dot':
      case 'nil':
        return { type: token.type, at }
      case 'variable':
        if (!this.variables.includes(text)) throw this.fail(`undefined variable ${JSON.stringify(text)}`)
        return { type: 'variable', at, path: [text] }
      case 'field':
        return { type: 'field', at, path: [text.slice(1)] }
      case 'boolean':
        return { type: 'boolean', at, value: text === 'true' }
      case 'number':
      case 'character':
        return { type: 'number', at, text, value: this.located(() => parseNumber(text)) }
      case 'string':
      case 'raw-string':
        return { type: 'string', at, quoted: text, value: this.located(() => unquote(text)) }
      case 'open-paren': {
        this.enter()
        const pipe = this.pipeline('parenthesized pipeline', 'close-paren')
        this.nesting -= 1
        return pipe
      }
    }
    this.index -= 1
    return undefined
  }

  private enter(): void {
    this.nesting += 1
    if (this.nesting > MAX_NESTING) throw this.fail('max expression depth exceeded')
  }
}

function isEmptyList(list: ListNode): boolean {
  return list.nodes.every((node) => node.type === 'text' && node.text.trim() === '')
}
