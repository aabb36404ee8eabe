// The models of the server as a table: for the verb `list` and for the chat's /list.

import type { TagsResponseBody } from '../api/models.ts'
import { formatBytes } from '../base/bytes.ts'
import { formatRelativeTime } from './terminal/format.ts'
import { formatTable } from './terminal/table.ts'
import type { Context } from './verb.ts'

export async function readModels({ client }: Context, prefix = ''): Promise<TagsResponseBody['models']> {
  const { models } = await client.tags()
  return models.filter((model) => model.name.toLowerCase().startsWith(prefix.toLowerCase()))
}

export function formatModels(models: TagsResponseBody['models'], nowMs: number): string {
  const rows = models.map((model) => [
    model.name,
    model.digest.slice(0, 12),
    model.remote_model ? '-' : formatBytes(model.size),
    formatRelativeTime(Date.parse(model.modified_at), nowMs),
  ])
  return formatTable({ header: ['NAME', 'ID', 'SIZE', 'MODIFIED'], rows })
}
