"""The scorers that come with ava, offered through the same door as a stranger's package."""

from ava.scoring.contract import Provider
from scorers.analysers.bodies import BodyAnalyser
from scorers.analysers.faces import FaceAnalyser
from scorers.analysers.people import PersonAnalyser
from scorers.analysers.saliency import SaliencyAnalyser
from scorers.analysers.text import TextAnalyser
from scorers.artifacts import ArtifactScorer
from scorers.blood import BloodScorer
from scorers.color import ColorScorer
from scorers.composition import CompositionScorer
from scorers.faces import FaceScorer
from scorers.harmony import HarmonyScorer
from scorers.lighting import LightingScorer
from scorers.maturity import MaturityScorer
from scorers.motion import MotionScorer
from scorers.place import PlaceScorer
from scorers.portrait_light import PortraitLightScorer
from scorers.sharpness import SharpnessScorer
from scorers.shot_scale import ShotScaleScorer
from scorers.technical import TechnicalScorer
from scorers.text import TextScorer
from scorers.title_space import TitleSpaceScorer
from scorers.white_balance import WhiteBalanceScorer

PROVIDER = Provider(
    scorers=(
        FaceScorer,
        SharpnessScorer,
        ArtifactScorer,
        LightingScorer,
        PortraitLightScorer,
        WhiteBalanceScorer,
        ColorScorer,
        HarmonyScorer,
        CompositionScorer,
        TitleSpaceScorer,
        MotionScorer,
        ShotScaleScorer,
        PlaceScorer,
        TextScorer,
        TechnicalScorer,
        BloodScorer,
    ),
    analysers=(SaliencyAnalyser, FaceAnalyser, PersonAnalyser, BodyAnalyser, TextAnalyser),
    on_request=(MaturityScorer,),
)
