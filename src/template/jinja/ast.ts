// The tree of a Jinja template.

export type Statement =
  | { type: 'text'; text: string }
  | { type: 'output'; value: Expression }
  | { type: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
      type: 'for'
      targets: string[]
      iterable: Expression
      condition?: Expression
      /** Names `loop`, which costs time to make. */
      usesLoop: boolean
      body: Statement[]
      otherwise: Statement[]
    }
  | { type: 'set'; targets: SetTarget[]; value: Expression }
  | { type: 'set-block'; target: SetTarget; filters: Filter[]; body: Statement[] }
  | { type: 'macro'; name: string; parameters: Parameter[]; body: Statement[] }
  | { type: 'call'; call: Expression; parameters: Parameter[]; body: Statement[] }
  | { type: 'filter'; filters: Filter[]; body: Statement[] }
  | { type: 'block'; body: Statement[] }
  | { type: 'do'; value: Expression }
  | { type: 'break' }
  | { type: 'continue' }

/** `attribute` for a field of a namespace. */
export interface SetTarget {
  name: string
  attribute?: string
}

export interface Parameter {
  name: string
  default?: Expression
}

export interface Arguments {
  positional: { value: Expression; isSpread: boolean }[]
  named: { name: string; value: Expression }[]
}

export interface Filter {
  name: string
  args: Arguments
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '~'
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export type Expression =
  | { type: 'literal'; value: string | number | boolean | null; isFloat?: boolean }
  | { type: 'name'; name: string }
  | { type: 'list'; items: Expression[] }
  | { type: 'dict'; entries: { key: Expression; value: Expression }[] }
  | { type: 'choice'; test: Expression; value: Expression; otherwise?: Expression }
  | { type: 'and' | 'or'; left: Expression; right: Expression }
  | { type: 'not' | 'negative' | 'positive'; operand: Expression }
  | { type: 'compare'; first: Expression; rest: { operator: CompareOperator; value: Expression }[] }
  | { type: 'binary'; operator: BinaryOperator; left: Expression; right: Expression }
  | { type: 'attribute'; object: Expression; name: string }
  | { type: 'item'; object: Expression; index: Expression }
  | { type: 'slice'; object: Expression; from?: Expression; to?: Expression; step?: Expression }
  | { type: 'invoke'; callee: Expression; args: Arguments }
  | { type: 'filtered'; operand: Expression; filter: Filter }
  | { type: 'test'; operand: Expression; name: string; args: Arguments; isNegated: boolean }
