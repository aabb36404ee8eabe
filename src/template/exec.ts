// Runs a parsed template over data. Owns the limits: a template is a stranger's program, so steps, depth and output are counted.
// Errors read as Go's: `template: :LINE:COLUMN: executing "" at <expression>: problem`, with columns in bytes.

import { AppError } from '../base/errors.ts'
import {
  type BranchNode,
  type CommandNode,
  formatNode,
  type ListNode,
  type Node,
  type Operand,
  type PipeNode,
  type PlacedNode,
} from './ast.ts'
import { printValue, quoteGo } from './format.ts'
import { type FunctionContext, FunctionError, findFunction, type TemplateFunction } from './funcs.ts'
import type { Template } from './parse.ts'
import { entriesOf, GoValue, isTrue, itemsOf, kindOf, memberOf, typeNameOf, type Value } from './value.ts'

export interface ExecuteOptions {
  nowMs: () => number
  /** What a map without the key gives: nil in an interface (Ollama's missingkey=zero) or nothing at all, whose fields are nothing too. */
  missingKey?: 'zero' | 'nothing'
}

/** Nodes and expressions visited; a long history takes some ten thousand. Long texts given to functions count too. */
export const MAX_STEPS = 5_000_000
const MAX_OUTPUT_CHARACTERS = 32 * 1024 * 1024
/** Blocks inside blocks, those of called templates included: what the stack can bear. */
export const MAX_DEPTH = 600

/** Throws `template_error`. */
export function executeTemplate(template: Template, data: Value, options: ExecuteOptions): string {
  const execution = new Execution(template, options)
  execution.run(data)
  return execution.output.join('')
}

type Jump = 'break' | 'continue' | undefined
interface Variable {
  name: string
  value: Value
}
interface Scope {
  /** Name of the template that runs. */
  template: string
  variables: Variable[]
}
/** Stands for "no argument came through the pipe", which differs from nil. */
const NOTHING = Symbol('nothing')
type Piped = Value | typeof NOTHING

class Execution {
  readonly output: string[] = []
  private readonly template: Template
  private readonly missingKey: 'zero' | 'nothing'
  private readonly context: FunctionContext
  private outputCharacters = 0
  private steps = 0
  private depth = 0
  private scope: Scope
  private node: PlacedNode | undefined

  constructor(template: Template, options: ExecuteOptions) {
    this.template = template
    this.missingKey = options.missingKey ?? 'zero'
    this.context = { nowMs: options.nowMs }
    this.scope = { template: '', variables: [] }
  }

  run(data: Value): void {
    this.scope.variables = [{ name: '$', value: data }]
    this.walkList(data, this.template.root)
  }

  private walkList(dot: Value, list: ListNode): Jump {
    this.depth += 1
    if (this.depth > MAX_DEPTH) throw this.fail(`exceeded maximum template depth (${MAX_DEPTH})`)
    let jump: Jump
    for (const node of list.nodes) {
      jump = this.walk(dot, node)
      if (jump) break
    }
    this.depth -= 1
    return jump
  }

  private walk(dot: Value, node: Node): Jump {
    this.count(1)
    switch (node.type) {
      case 'text':
        this.write(node.text)
        return undefined
      case 'action': {
        const value = this.pipeline(dot, node.pipe)
        if (node.pipe.declarations.length === 0) this.write(value === undefined || value === null ? '<no value>' : printValue(value))
        return undefined
      }
      case 'if':
      case 'with':
        return this.inBlock(() => {
          const value = this.pipeline(dot, node.pipe)
          if (isTrue(value)) return this.walkList(node.type === 'with' ? value : dot, node.list)
          return node.elseList && this.walkList(dot, node.elseList)
        })
      case 'range':
        return this.inBlock(() => this.walkRange(dot, node))
      case 'template':
        this.node = node
        this.callTemplate(dot, node.name, node.pipe)
        return undefined
      case 'break':
      case 'continue':
        return node.type
    }
  }

  private walkRange(dot: Value, node: BranchNode): Jump {
    const value = this.pipeline(dot, node.pipe)
    const rounds = this.rangeRounds(value, node.pipe)
    const mark = this.scope.variables.length
    let isEmpty = true
    for (const [key, item] of rounds) {
      isEmpty = false
      this.count(1)
      this.setRangeVariables(node.pipe, key, item)
      const jump = this.walkList(item, node.list)
      this.scope.variables.length = mark
      if (jump === 'break') break
    }
    return isEmpty && node.elseList ? this.walkList(dot, node.elseList) : undefined
  }

  private rangeRounds(value: Value, pipe: PipeNode): Iterable<[Value, Value]> {
    if (value === undefined || value === null) return []
    if (typeof value === 'bigint') {
      if (pipe.declarations.length > 1) throw this.fail(`can't use ${value} to iterate over more than one variable`)
      return countTo(value)
    }
    const items = itemsOf(value)
    if (items) return items.map((item, index): [Value, Value] => [BigInt(index), item])
    const entries = entriesOf(value)
    if (!entries) throw this.fail(`range can't iterate over ${printValue(value)}`)
    return entries
  }

  /** pipeline() has pushed the declared variables; here they take this round's values. */
  private setRangeVariables(pipe: PipeNode, key: Value, item: Value): void {
    const [first, second] = pipe.declarations
    if (first === undefined) return
    const values = second === undefined ? [item] : [key, item]
    const { variables } = this.scope
    pipe.declarations.forEach((name, index) => {
      const declared = variables[variables.length - pipe.declarations.length + index]
      if (pipe.isAssignment) this.assign(name, values[index])
      else if (declared) declared.value = values[index]
    })
  }

  private callTemplate(dot: Value, name: string, pipe: PipeNode | undefined): void {
    const list = this.template.definitions.get(name)
    if (!list) throw this.fail(`template ${quoteGo(name)} not defined`)
    const value = pipe ? this.pipeline(dot, pipe) : undefined
    const outer = this.scope
    this.scope = { template: name, variables: [{ name: '$', value }] }
    this.walkList(value, list)
    this.scope = outer
  }

  private inBlock(walk: () => Jump): Jump {
    const mark = this.scope.variables.length
    const jump = walk()
    this.scope.variables.length = mark
    return jump
  }

  private pipeline(dot: Value, pipe: PipeNode): Value {
    this.node = pipe
    let value: Piped = NOTHING
    for (const command of pipe.commands) value = this.command(dot, command, value) ?? undefined
    const result = value === NOTHING ? undefined : value
    for (const name of pipe.declarations) {
      if (pipe.isAssignment) this.assign(name, result)
      else this.scope.variables.push({ name, value: result })
    }
    return result
  }

  private command(dot: Value, command: CommandNode, piped: Piped): Value {
    this.count(1)
    const first = command.operands[0] as Operand
    if (first.type === 'identifier') return this.callFunction(dot, first, command, piped)
    this.node = first
    if (command.operands.length > 1 || piped !== NOTHING) {
      const last = 'path' in first ? first.path.at(-1) : undefined
      if (last === undefined || (first.type === 'variable' && first.path.length === 1)) {
        throw this.fail(`can't give argument to non-function ${formatNode(first)}`)
      }
      this.operand(dot, first)
      throw this.fail(`${last} is not a method but has arguments`)
    }
    if (first.type === 'nil') throw this.fail('nil is not a command')
    return this.operand(dot, first)
  }

  private operand(dot: Value, operand: Operand): Value {
    this.count(1)
    this.node = operand
    switch (operand.type) {
      case 'dot':
        return dot
      case 'nil':
        return null
      case 'boolean':
      case 'number':
      case 'string':
        return operand.value
      case 'pipe':
        return this.pipeline(dot, operand)
      case 'field':
        return this.fields(dot, operand.path, operand)
      case 'variable':
        return this.fields(this.variable(operand.path[0] ?? '$'), operand.path.slice(1), operand)
      case 'chain':
        if (operand.base.type === 'nil') throw this.fail(`indirection through explicit nil in ${formatNode(operand)}`)
        return this.fields(this.operand(dot, operand.base), operand.path, operand)
      case 'identifier':
        return this.callFunction(dot, operand, { type: 'command', at: operand.at, operands: [operand] }, NOTHING)
    }
  }

  private fields(start: Value, path: readonly string[], node: Operand): Value {
    this.node = node
    let value = start
    let container: Value
    for (const name of path) {
      const next = this.field(value, name, container)
      container = value
      value = next
    }
    return value
  }

  /** `container` is what the value was taken from: in a map of anything, Go knows no more of its type than `interface {}`. */
  private field(value: Value, name: string, container: Value): Value {
    if (value === undefined) return undefined
    if (value === null) throw this.fail(`nil pointer evaluating interface {}.${name}`)
    const found = memberOf(value, name)
    if (found) return found.value
    if (kindOf(value) === 'map') return this.missingKey === 'zero' ? null : undefined
    const isFromAny = kindOf(container) === 'map' && !(container instanceof GoValue)
    throw this.fail(`can't evaluate field ${name} in type ${isFromAny ? 'interface {}' : typeNameOf(value)}`)
  }

  private callFunction(dot: Value, node: Operand & { type: 'identifier' }, command: CommandNode, piped: Piped): Value {
    this.node = node
    const { name } = node
    const called = findFunction(name)
    if (!called) throw this.fail(`${quoteGo(name)} is not a defined function`)
    const operands = command.operands.slice(1)
    this.checkArity(name, called, operands.length, piped === NOTHING ? 0 : 1)
    if (name === 'and' || name === 'or') return this.shortCircuit(dot, operands, piped, name === 'or')
    const values: Value[] = operands.map((operand) => this.operand(dot, operand))
    const [first] = operands
    if (called.firstIsText && (first?.type === 'number' || first?.type === 'boolean')) {
      this.node = first
      throw this.fail(`expected string; found ${formatNode(first)}`)
    }
    if (piped !== NOTHING) values.push(piped)
    if (called.firstIsText && typeof values[0] !== 'string') {
      throw this.fail(`wrong type for value; expected string; got ${typeNameOf(values[0])}`)
    }
    for (const value of values) if (typeof value === 'string') this.count(value.length >> 6)
    return this.invoke(name, called, values, command)
  }

  private invoke(name: string, called: TemplateFunction, values: readonly Value[], command: CommandNode): Value {
    try {
      const result = called.call(values, this.context)
      if (typeof result === 'string') this.checkLength(result.length)
      return result
    } catch (cause) {
      if (!(cause instanceof FunctionError)) throw cause
      this.node = command
      throw this.fail(`error calling ${name}: ${cause.message}`, cause)
    }
  }

  private checkArity(name: string, called: TemplateFunction, given: number, pipedCount: number): void {
    const { least, most } = called
    const all = given + pipedCount
    if (most !== undefined && most === least && all !== most) throw this.fail(`wrong number of args for ${name}: want ${most} got ${all}`)
    if (all < least) throw this.fail(`wrong number of args for ${name}: want at least ${least} got ${given}`)
  }

  private shortCircuit(dot: Value, operands: readonly Operand[], piped: Piped, stopsAt: boolean): Value {
    let value: Value
    for (const operand of operands) {
      value = this.operand(dot, operand)
      if (isTrue(value) === stopsAt) return value
    }
    return piped === NOTHING ? value : piped
  }

  private variable(name: string): Value {
    const found = this.findVariable(name)
    if (!found) throw this.fail(`undefined variable: ${name}`)
    return found.value
  }

  private assign(name: string, value: Value): void {
    const found = this.findVariable(name)
    if (!found) throw this.fail(`undefined variable: ${name}`)
    found.value = value
  }

  private findVariable(name: string): Variable | undefined {
    return this.scope.variables.findLast((variable) => variable.name === name)
  }

  private write(text: string): void {
    this.outputCharacters += text.length
    this.checkLength(this.outputCharacters)
    this.output.push(text)
  }

  private checkLength(characters: number): void {
    if (characters > MAX_OUTPUT_CHARACTERS) throw this.fail(`the text is longer than ${MAX_OUTPUT_CHARACTERS} characters`)
  }

  private count(steps: number): void {
    this.steps += steps
    if (this.steps > MAX_STEPS) throw this.fail(`the template takes more than ${MAX_STEPS} steps`)
  }

  private fail(problem: string, cause?: unknown): AppError {
    const name = quoteGo(this.scope.template)
    if (!this.node) return new AppError('template_error', `template: : ${problem}`, { cause })
    const before = this.template.text.slice(0, this.node.at)
    const line = before.split('\n').length
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1))
    const place = `template: :${line}:${column}: executing ${name} at <${formatNode(this.node)}>`
    return new AppError('template_error', `${place}: ${problem}`, { cause })
  }
}

function* countTo(end: bigint): Iterable<[Value, Value]> {
  for (let index = 0n; index < end; index += 1n) yield [undefined, index]
}
