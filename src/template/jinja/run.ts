// Runs a parsed chat template. Owns the limits: the template came with a model from somewhere, so steps, nesting and text are counted.

import type { Arguments, Filter, Parameter, SetTarget, Statement } from './ast.ts'
import { jinjaError } from './error.ts'
import { type Evaluation, Evaluator, type Scope } from './evaluate.ts'
import type { JinjaTemplate } from './parse.ts'
import { isTrue, type JinjaFunction, type JinjaValue, Namespace, toItems, toJinjaValue, toText } from './value.ts'

export interface JinjaOptions {
  /** Beside range, namespace and dict. */
  functions: Readonly<Record<string, JinjaFunction>>
}

/** `data` is plain JSON. Throws `template_error`. */
export function renderJinja(template: JinjaTemplate, data: Readonly<Record<string, unknown>>, options: JinjaOptions): string {
  const values = Object.entries(data).map(([name, value]): [string, JinjaValue] => [name, toJinjaValue(value)])
  return new Run().render(template, new Map([...Object.entries(options.functions), ...values]))
}

/** Names and scopes are made for each. */
const STEPS_PER_ROUND = 4

type Jump = 'break' | 'continue' | undefined

class Run {
  private readonly evaluator = new Evaluator()

  render(template: JinjaTemplate, variables: Map<string, JinjaValue>): string {
    const output: string[] = []
    this.execute(template.statements, { variables }, output)
    return output.join('')
  }

  private execute(statements: readonly Statement[], scope: Scope, output: string[]): Jump {
    this.evaluator.enter()
    let jump: Jump
    for (const statement of statements) {
      jump = this.executeOne(statement, scope, output)
      if (jump) break
    }
    this.evaluator.leave()
    return jump
  }

  private executeOne(statement: Statement, scope: Scope, output: string[]): Jump {
    this.evaluator.count(1)
    switch (statement.type) {
      case 'text':
        this.write(statement.text, output)
        return undefined
      case 'output':
        this.write(toText(this.evaluator.evaluate(statement.value, scope)), output)
        return undefined
      case 'if': {
        const branch = statement.branches.find(({ test }) => isTrue(this.evaluator.evaluate(test, scope)))
        return this.execute(branch?.body ?? statement.otherwise, scope, output)
      }
      case 'for':
        return this.executeFor(statement, scope, output)
      case 'set':
        this.assignAll(statement.targets, this.evaluator.evaluate(statement.value, scope), scope)
        return undefined
      case 'set-block':
        this.assign(statement.target, this.filterText(statement.filters, this.capture(statement.body, scope), scope), scope)
        return undefined
      case 'macro':
        scope.variables.set(statement.name, this.toMacro(statement, scope))
        return undefined
      case 'call':
        this.executeCall(statement, scope, output)
        return undefined
      case 'filter':
        this.write(toText(this.filterText(statement.filters, this.capture(statement.body, scope), scope)), output)
        return undefined
      case 'block':
        return this.execute(statement.body, scope, output)
      case 'do':
        this.evaluator.evaluate(statement.value, scope)
        return undefined
      case 'break':
      case 'continue':
        return statement.type
    }
  }

  private executeFor(statement: Statement & { type: 'for' }, scope: Scope, output: string[]): Jump {
    const items = this.chosenItems(statement, scope)
    for (const [index, item] of items.entries()) {
      this.evaluator.count(STEPS_PER_ROUND)
      const inner: Scope = { variables: new Map(), parent: scope }
      this.bind(statement.targets, item, inner)
      if (statement.usesLoop) inner.variables.set('loop', toLoop(index, items))
      if (this.execute(statement.body, inner, output) === 'break') break
    }
    return items.length === 0 ? this.execute(statement.otherwise, scope, output) : undefined
  }

  /** A copy, so that the body may change the list it goes through. */
  private chosenItems(statement: Statement & { type: 'for' }, scope: Scope): JinjaValue[] {
    const items = [...toItems(this.evaluator.evaluate(statement.iterable, scope))]
    this.evaluator.count(items.length >> 2)
    const { condition } = statement
    if (!condition) return items
    return items.filter((item) => {
      this.evaluator.count(STEPS_PER_ROUND)
      const inner: Scope = { variables: new Map(), parent: scope }
      this.bind(statement.targets, item, inner)
      return isTrue(this.evaluator.evaluate(condition, inner))
    })
  }

  private bind(targets: readonly string[], item: JinjaValue, scope: Scope): void {
    if (targets.length === 1) {
      scope.variables.set(targets[0] ?? '', item)
      return
    }
    const parts = toItems(item)
    if (parts.length !== targets.length) throw jinjaError(`${parts.length} values for ${targets.length} names`)
    for (const [index, name] of targets.entries()) scope.variables.set(name, parts[index])
  }

  private assignAll(targets: readonly SetTarget[], value: JinjaValue, scope: Scope): void {
    const [only] = targets
    if (only && targets.length === 1) {
      this.assign(only, value, scope)
      return
    }
    const parts = toItems(value)
    if (parts.length !== targets.length) throw jinjaError(`${parts.length} values for ${targets.length} names`)
    for (const [index, target] of targets.entries()) this.assign(target, parts[index], scope)
  }

  private assign(target: SetTarget, value: JinjaValue, scope: Scope): void {
    if (target.attribute === undefined) {
      scope.variables.set(target.name, value)
      return
    }
    const object = this.evaluator.lookUp(target.name, scope)
    if (object instanceof Namespace) object.fields.set(target.attribute, value)
    else if (object instanceof Map) object.set(target.attribute, value)
    else throw jinjaError(`cannot set an attribute of "${target.name}"`)
  }

  private toMacro(statement: { parameters: readonly Parameter[]; body: readonly Statement[] }, scope: Scope): JinjaFunction {
    return (args, named) => {
      const inner: Scope = { variables: new Map(), parent: scope }
      for (const [index, parameter] of statement.parameters.entries()) {
        const given = index < args.length ? args[index] : named.get(parameter.name)
        const isGiven = index < args.length || named.has(parameter.name)
        const value = isGiven || !parameter.default ? given : this.evaluator.evaluate(parameter.default, inner)
        inner.variables.set(parameter.name, value)
      }
      const caller = named.get('caller')
      if (caller !== undefined) inner.variables.set('caller', caller)
      return this.capture(statement.body, inner)
    }
  }

  private executeCall(statement: Statement & { type: 'call' }, scope: Scope, output: string[]): void {
    if (statement.call.type !== 'invoke') throw jinjaError('a call block needs a call')
    const { callee, args } = statement.call
    const called = this.evaluator.evaluate(callee, scope)
    if (typeof called !== 'function') throw jinjaError('a call block needs a macro')
    const evaluation: Evaluation = this.evaluator.evaluateArguments(args as Arguments, scope)
    const named = new Map([...evaluation.named, ['caller', this.toMacro(statement, scope)] as const])
    this.write(toText(called(evaluation.args, named)), output)
  }

  private filterText(filters: readonly Filter[], text: string, scope: Scope): JinjaValue {
    return filters.reduce((value: JinjaValue, filter) => this.evaluator.applyFilter(value, filter, scope), text)
  }

  private capture(statements: readonly Statement[], scope: Scope): string {
    const output: string[] = []
    this.execute(statements, scope, output)
    return output.join('')
  }

  private write(text: string, output: string[]): void {
    this.evaluator.countText(text)
    if (text !== '') output.push(text)
  }
}

function toLoop(index: number, items: readonly JinjaValue[]): JinjaValue {
  const count = items.length
  return new Map<JinjaValue, JinjaValue>([
    ['index', index + 1],
    ['index0', index],
    ['revindex', count - index],
    ['revindex0', count - index - 1],
    ['first', index === 0],
    ['last', index === count - 1],
    ['length', count],
    ['previtem', items[index - 1]],
    ['nextitem', items[index + 1]],
    ['cycle', (args) => args[index % Math.max(1, args.length)]],
  ])
}
