/** False where the browser refuses. A page over plain HTTP from another machine has no clipboard API; the older command works there. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => copyBySelection(text),
    )
  }
  return copyBySelection(text)
}

function copyBySelection(text: string): boolean {
  const former = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'off-screen'
  field.readOnly = true
  const place = document.querySelector('dialog[open]') ?? document.body
  place.append(field)
  field.select()
  try {
    return document.execCommand('copy')
  } finally {
    field.remove()
    if (former instanceof HTMLElement) former.focus()
  }
}
