// All use cases over their collaborators: what http/ is given.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Convert } from '../convert/conversion.ts'
import { parseDigest } from '../model/digest.ts'
import type { Registry } from '../registry/registry.ts'
import type { QuantizeModel } from '../runner/runner.ts'
import type { Store } from '../store/store.ts'
import { copyModel, removeModel } from './copy-remove.ts'
import { createModel } from './create/create.ts'
import { identifyModel } from './identify.ts'
import { createModelList } from './list.ts'
import type { ModelReader } from './model.ts'
import type { RunServices } from './run-services.ts'
import type { Service } from './service.ts'
import { showModel } from './show.ts'
import { type OnPulled, pullModel, pushModel } from './transfer.ts'

export interface ServiceDependencies {
  store: Store
  registry: Registry
  reader: ModelReader
  runs: RunServices
  quantize: QuantizeModel
  convert: Convert
  clock: Clock
  log: Log
  onPulled?: OnPulled
}

export function createService({ store, registry, reader, runs, quantize, convert, clock, log, onPulled }: ServiceDependencies): Service {
  const pull: Service['pull'] = (request, signal) => pullModel(request, { registry, onPulled }, signal)
  return {
    ...runs,
    identify: (model) => identifyModel(model, reader),
    list: createModelList({ store, reader, log }),
    show: (request) => showModel(request, reader),
    create: (request, signal) =>
      createModel(request, signal, { store, quantize, convert, clock, pull: (model, during) => pull({ model }, during) }),
    copy: (source, destination) => copyModel(source, destination, store),
    remove: (model) => removeModel(model, store),
    pull,
    push: (request, signal) => pushModel(request, registry, signal),
    // A client that is told "it is there" sends nothing and creates next: the blob must stay until then.
    hasBlob: async (digest) => store.blobs.keep(parseDigest(digest)),
    async putBlob(text, body, signal) {
      const digest = parseDigest(text)
      if (await store.blobs.keep(digest)) return { created: false }
      await store.blobs.write(body, { expected: digest, signal })
      return { created: true }
    },
  }
}
