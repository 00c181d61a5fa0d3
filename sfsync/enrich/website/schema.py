"""Which kinds of schema.org are organizations?"""

from sfsync.duplicates.names import words_in

_KINDS = words_in(
    "Organization Airline Consortium Cooperative Corporation EducationalOrganization",
    "FundingAgency FundingScheme GovernmentOrganization LibrarySystem MedicalOrganization NGO",
    "NewsMediaOrganization OnlineBusiness OnlineStore PerformingGroup PoliticalParty Project",
    "ResearchOrganization ResearchProject SearchRescueOrganization SportsOrganization SportsTeam",
    "WorkersUnion CollegeOrUniversity ElementarySchool HighSchool MiddleSchool Preschool School",
    "DanceGroup MusicGroup TheaterGroup DiagnosticLab VeterinaryCare LocalBusiness AnimalShelter",
    "ArchiveOrganization AutomotiveBusiness AutoBodyShop AutoDealer AutoPartsStore AutoRental",
    "AutoRepair AutoWash GasStation MotorcycleDealer MotorcycleRepair ChildCare Dentist",
    "DryCleaningOrLaundry EmergencyService FireStation PoliceStation EmploymentAgency",
    "EntertainmentBusiness AdultEntertainment AmusementPark ArtGallery Casino ComedyClub",
    "MovieTheater NightClub FinancialService AccountingService AutomatedTeller BankOrCreditUnion",
    "InsuranceAgency FoodEstablishment Bakery BarOrPub Brewery CafeOrCoffeeShop Distillery",
    "FastFoodRestaurant IceCreamShop Restaurant Winery GovernmentOffice PostOffice",
    "HealthAndBeautyBusiness BeautySalon DaySpa HairSalon HealthClub NailSalon TattooParlor",
    "HomeAndConstructionBusiness Electrician GeneralContractor HVACBusiness HousePainter",
    "Locksmith MovingCompany Plumber RoofingContractor InternetCafe LegalService Attorney Notary",
    "Library LodgingBusiness BedAndBreakfast Campground Hostel Hotel Motel Resort SkiResort",
    "VacationRental MedicalBusiness Dermatology DietNutrition CommunityHealth Emergency",
    "Geriatric Gynecologic MedicalClinic Midwifery Nursing Obstetric Oncologic Optician",
    "Optometric Otolaryngologic Pediatric Pharmacy Physician PhysiciansOffice",
    "IndividualPhysician Physiotherapy PlasticSurgery Podiatric PrimaryCare Psychiatric",
    "PublicHealth CovidTestingFacility Hospital ProfessionalService RadioStation RealEstateAgent",
    "RecyclingCenter SelfStorage ShoppingCenter SportsActivityLocation BowlingAlley ExerciseGym",
    "GolfCourse PublicSwimmingPool SportsClub StadiumOrArena TennisComplex Store BikeStore",
    "BookStore ClothingStore ComputerStore ConvenienceStore DepartmentStore ElectronicsStore",
    "Florist FurnitureStore GardenStore GroceryStore HardwareStore HobbyShop HomeGoodsStore",
    "JewelryStore LiquorStore MensClothingStore MobilePhoneStore MovieRentalStore MusicStore",
    "OfficeEquipmentStore OutletStore PawnShop PetStore ShoeStore SportingGoodsStore TireShop",
    "ToyStore WholesaleStore TelevisionStation TouristInformationCenter TravelAgency",
)


def is_organization(kinds: frozenset[str]) -> bool:
    """Tell whether something of these kinds is a company; who is a person too is none."""
    return bool(kinds & _KINDS) and "Person" not in kinds
