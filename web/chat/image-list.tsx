import type { JSX } from 'preact'
import type { TalkImage } from './talk.ts'

export function ImageList({ images, onRemove }: { images: readonly TalkImage[]; onRemove?: (place: number) => void }): JSX.Element | null {
  if (images.length === 0) return null
  return (
    <ul class="images">
      {images.map(({ name, mediaType, base64 }, place) => (
        <li key={place}>
          <img src={`data:${mediaType};base64,${base64}`} alt={name} />
          {onRemove && (
            <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => onRemove(place)}>
              ×
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
