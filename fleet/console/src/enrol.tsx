import { render } from 'preact';
import { ClaimLink } from './claim-link';
import './style.css';

const root = document.getElementById('app');
if (root !== null) render(<ClaimLink />, root);
