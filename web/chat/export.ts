// Talks as a file of their own: messages as the API has them, so that other programs can go on with them.

import { type Talk, toRequest } from './talk.ts'

export interface ExportedTalk {
  title: string
  created_at: string
  changed_at: string
  /** A body for `POST /api/chat`; its last message is the last one said. */
  request: ReturnType<typeof toRequest>
}

export function toExport(talks: readonly Talk[]): { exported_by: 'llamero'; talks: ExportedTalk[] } {
  return {
    exported_by: 'llamero',
    talks: talks.map((talk) => ({
      title: talk.title,
      created_at: new Date(talk.createdMs).toISOString(),
      changed_at: new Date(talk.changedMs).toISOString(),
      request: toRequest(talk),
    })),
  }
}

/** `llamero-why-is-the-sky-blue.json` */
export function toFileName(title: string): string {
  const words = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
  return `llamero-${words || 'talk'}.json`
}
