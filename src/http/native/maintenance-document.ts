// What Llamero's own endpoints answer.

import {
  type CheckBody,
  type DoctorResponseBody,
  importRequest,
  type OriginsResponseBody,
  type PartialsResponseBody,
  type PruneResponseBody,
  pruneRequest,
  stopRequest,
  verifyRequest,
} from '../../api/maintenance.ts'
import type { DialectDocument, Operations } from '../operation.ts'
import { either, flag, list, looseObject, object, oneOf, optional, text, time, whole } from '../schema.ts'
import { NATIVE_DOCUMENT } from './document.ts'

const removed = object<PruneResponseBody['removed'][number]>('llamero.Removed', {
  kind: oneOf('blob', 'download', 'temporary', 'prefix', 'translation'),
  digest: optional(text),
  size: whole,
})
const partial = object<PartialsResponseBody['partials'][number]>('llamero.Partial', {
  digest: text,
  models: list(text),
  completed: whole,
  total: whole,
  modified_at: time,
})
const check = object<CheckBody>('llamero.Check', { name: text, level: oneOf('ok', 'warn', 'fail'), text, advice: optional(text) })
const verifyRecord = either(
  looseObject('llamero.Verifying', { status: oneOf('verifying'), completed: whole, total: whole }),
  looseObject('llamero.Damaged', {
    status: oneOf('damaged'),
    digest: optional(text),
    manifest: optional(text),
    reason: oneOf('missing', 'size', 'hash', 'unreadable', 'manifest'),
    models: list(text),
    removed: flag,
  }),
  looseObject('llamero.Verified', { status: oneOf('success'), blobs: whole, size: whole, damaged: whole }),
  NATIVE_DOCUMENT.error,
)

const importRecord = either(
  looseObject('llamero.Importing', { status: oneOf('importing'), completed: whole, total: whole }),
  looseObject('llamero.Imported', { status: oneOf('success'), digest: text, size: whole }),
  NATIVE_DOCUMENT.error,
)

const OPERATIONS: Operations = {
  'POST /api/llamero/prune': {
    summary: 'Removes what no model needs',
    takes: { struct: pruneRequest },
    gives: {
      200: {
        about: 'What was removed, or would be.',
        json: object<PruneResponseBody>('llamero.PruneResponse', { removed: list(removed), size: whole, dry_run: flag }),
      },
    },
  },
  'POST /api/llamero/verify': {
    summary: 'Reads the blobs again and compares',
    takes: { struct: verifyRequest },
    gives: { 200: { about: 'Progress, damage, and a sum at the end.', ndjson: verifyRecord } },
  },
  'POST /api/llamero/import': {
    summary: 'Makes a blob of a file on the machine of the server',
    takes: { struct: importRequest },
    gives: { 200: { about: 'Progress, and the digest at the end.', ndjson: importRecord } },
  },
  'GET /api/llamero/partials': {
    summary: 'Lists unfinished downloads',
    gives: { 200: { about: 'All.', json: object<PartialsResponseBody>('llamero.PartialsResponse', { partials: list(partial) }) } },
  },
  'GET /api/llamero/origins': {
    summary: 'Tells where models came from',
    gives: {
      200: {
        about: 'All models.',
        json: object<OriginsResponseBody>('llamero.OriginsResponse', {
          models: list(object<OriginsResponseBody['models'][number]>('llamero.Origin', { name: text, origin: oneOf('registry', 'local') })),
        }),
      },
    },
  },
  'GET /api/llamero/doctor': {
    summary: 'Looks for what is wrong with the server and its machine',
    gives: { 200: { about: 'The checks.', json: object<DoctorResponseBody>('llamero.DoctorResponse', { checks: list(check) }) } },
  },
  'POST /api/llamero/stop': {
    summary: 'Ends the server, for the user who started it',
    takes: { struct: stopRequest, required: ['key'] },
    gives: { 200: { about: 'It ends.' } },
  },
}

export const MAINTENANCE_DOCUMENT: DialectDocument = {
  ...NATIVE_DOCUMENT,
  tag: 'llamero',
  about: "Llamero's own endpoints.",
  operations: OPERATIONS,
}
