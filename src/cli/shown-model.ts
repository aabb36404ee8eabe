// What `show` prints of a model: sections of rows (contract/cli-registry.md section 1.9).

import type { ShowResponseBody } from '../api/models.ts'
import { formatGoNumber } from '../base/go-text.ts'
import { formatCount } from './terminal/format.ts'
import { formatTable } from './terminal/table.ts'
import { displayWidth } from './terminal/width.ts'

/** Texts of many lines are cut to this many that are not blank. */
const HEAD_LINES = 2
const TEXT_COLUMNS = 100
/** A list in the metadata shows about as much as fits here. */
const LIST_COLUMNS = 10

type Row = readonly string[]

export function formatShownModel(model: ShowResponseBody, verbose: boolean): string {
  const sections = [
    section('Model', modelRows(model)),
    optional(
      'Capabilities',
      (model.capabilities ?? []).map((capability) => [capability]),
    ),
    model.projector_info ? section('Projector', projectorRows(model.projector_info)) : '',
    optional('Parameters', parameterRows(model.parameters ?? '')),
    verbose ? optional('Metadata', metadataRows(model.model_info)) : '',
    verbose
      ? optional(
          'Tensors',
          (model.tensors ?? []).map(({ name, type, shape }) => [name, type, `[${shape.join(' ')}]`]),
        )
      : '',
    optional('System', headRows(model.system ?? ''), TEXT_COLUMNS),
    optional('License', headRows(model.license ?? ''), TEXT_COLUMNS),
  ]
  return sections.join('')
}

function section(title: string, rows: readonly Row[], cellColumns?: number): string {
  const table = formatTable({ rows: rows.map((row) => ['', ...row]), ...(cellColumns === undefined ? {} : { cellColumns }) })
  return `  ${title}\n${table}\n`
}

function optional(title: string, rows: readonly Row[], cellColumns?: number): string {
  return rows.length === 0 ? '' : section(title, rows, cellColumns)
}

function modelRows({ details, model_info: info, remote_host, remote_model, requires }: ShowResponseBody): Row[] {
  const rows: Row[] = []
  if (remote_host) rows.push(['Remote model', remote_model ?? ''], ['Remote URL', remote_host])
  if (Object.keys(info).length > 0) {
    const architecture = text(info['general.architecture'])
    const count = number(info['general.parameter_count'])
    const size = details.parameter_size || (count === undefined ? '' : formatCount(count))
    if (architecture) rows.push(['architecture', architecture])
    if (size) rows.push(['parameters', size])
    pushNumber(rows, 'context length', info[`${architecture}.context_length`])
    pushNumber(rows, 'embedding length', info[`${architecture}.embedding_length`])
  } else {
    rows.push(['architecture', details.family], ['parameters', details.parameter_size])
  }
  rows.push(['quantization', details.quantization_level])
  if (requires) rows.push(['requires', requires])
  return rows
}

function projectorRows(info: Readonly<Record<string, unknown>>): Row[] {
  const architecture = text(info['general.architecture'])
  const count = number(info['general.parameter_count'])
  const find = (suffix: string): unknown => info[`${architecture}.vision.${suffix}`] ?? info[`${architecture}.audio.${suffix}`]
  const rows: Row[] = []
  if (architecture) rows.push(['architecture', architecture])
  if (count !== undefined) rows.push(['parameters', formatCount(count)])
  pushNumber(rows, 'embedding length', find('embedding_length'))
  pushNumber(rows, 'dimensions', find('projection_dim'))
  return rows
}

function parameterRows(parameters: string): Row[] {
  return parameters
    .split('\n')
    .map((line) => line.split(/\s+/).filter((word) => word !== ''))
    .filter((words) => words.length > 0)
}

function metadataRows(info: Readonly<Record<string, unknown>>): Row[] {
  return Object.keys(info)
    .sort()
    .map((key) => [key, formatMetadata(info[key])])
}

function formatMetadata(value: unknown): string {
  if (Array.isArray(value)) return formatList(value.map(formatMetadata))
  if (typeof value === 'number') return formatGoNumber(value)
  return value === null || value === undefined ? '<nil>' : String(value)
}

function formatList(items: readonly string[]): string {
  let width = 1
  let shown = 0
  for (const item of items) {
    width += displayWidth(item) + (shown > 0 ? 2 : 0)
    if (width > LIST_COLUMNS && shown > 0) break
    shown++
  }
  const rest = items.length - shown
  return `[${items.slice(0, shown).join(' ')}${rest > 0 ? ` ...+${rest} more` : ''}]`
}

function headRows(content: string): Row[] {
  const lines = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const rows = lines.slice(0, HEAD_LINES).map((line) => [line])
  return lines.length > HEAD_LINES ? [...rows, ['...']] : rows
}

function pushNumber(rows: Row[], label: string, value: unknown): void {
  const found = number(value)
  if (found !== undefined) rows.push([label, String(found)])
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
