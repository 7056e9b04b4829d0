import { renderSVG, renderUnicodeCompact } from 'uqr';

/** A QR code for a terminal with a dark background or a light one: its own quiet zone is drawn. */
export const qrForTerminal = (text: string): string => renderUnicodeCompact(text, { ecc: 'L', border: 2 });

/** A QR code for a page or a printer. */
export const qrAsSvg = (text: string): string => renderSVG(text, { ecc: 'M', border: 4 });
